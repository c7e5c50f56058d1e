//! What a program decides by: the kind of trouble, and whether the server may have acted.

/// What kind of error it is: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is wrong; exit code 78. The same program will fail again.
    Configuration,
    /// Client id, secret or token are not accepted; exit code 77.
    Credentials,
    /// The server understood and refused; exit code 69.
    Refused,
    /// It may work later: overload, limits, network; exit code 75.
    Temporary,
    /// What arrived is incomplete or cannot be decoded; exit code 65.
    Incomplete,
    /// The program asked to stop, by the flag of
    /// [`Client::with_stop`](crate::Client::with_stop); exit code 75.
    Stopped,
    /// The writer of a download failed, on this side; exit code 73.
    Output,
}

impl ErrorKind {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Incomplete => 65,
            Self::Refused => 69,
            Self::Output => 73,
            Self::Temporary | Self::Stopped => 75,
            Self::Credentials => 77,
            Self::Configuration => 78,
        }
    }
}

/// Whether the server may have acted on the request, in any of the attempts of a call; a
/// later variant outranks an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// It never left, or never reached the server.
    NotSent,
    /// The server refused it, and so did not act.
    Rejected,
    /// It may have arrived and may have been acted on.
    Unknown,
    /// A whole answer of success arrived; only reading it failed.
    Accepted,
}
