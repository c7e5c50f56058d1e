//! What goes wrong, and how often: a seed gives one row of throws.

/// A fault of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 401: the token is not good any more, though its life is not over.
    Revoked,
    /// 429 with `Retry-After`; the server did not act.
    Busy,
    /// 503, with `Retry-After` or without; the server had acted.
    Down,
    /// The connection is closed instead of an answer; the server had acted.
    Closed,
    /// Half an answer, then the connection is closed; the server had acted.
    Cut,
}

pub const FAULTS: [Fault; 5] =
    [Fault::Revoked, Fault::Busy, Fault::Down, Fault::Closed, Fault::Cut];

/// Seconds of `Retry-After`; the life of a token is 60 s.
const WAITS: [u64; 4] = [0, 1, 20, 100];

/// Numbers that look like chance (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// A fault for one request in twenty.
    pub fn fault(&mut self) -> Option<Fault> {
        let number = self.next();
        number.is_multiple_of(20).then(|| FAULTS[(number / 20 % 5) as usize])
    }

    pub fn wait(&mut self) -> u64 {
        WAITS[(self.next() % 4) as usize]
    }

    pub fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
