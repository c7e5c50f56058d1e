//! A file may get the name of another one only when nobody looks at that.

use std::io::{self, ErrorKind};
use std::time::Duration;

/// Renames, and tries again for some seconds while another program holds the target open:
/// Windows refuses to replace it meanwhile.
pub fn retry(
    mut rename: impl FnMut() -> io::Result<()>,
    mut sleep: impl FnMut(Duration),
) -> io::Result<()> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match (rename(), pauses.next()) {
            (Err(error), Some(pause)) if may_pass(&error, cfg!(windows)) => sleep(pause),
            (done, _) => return done,
        }
    }
}

/// Whether the error is that of a file that is held open.
pub fn may_pass(error: &io::Error, is_windows: bool) -> bool {
    let is_shared = error.raw_os_error().is_some_and(|code| SHARED.contains(&code));
    let kinds = [ErrorKind::PermissionDenied, ErrorKind::ResourceBusy];
    (is_windows && is_shared) || kinds.contains(&error.kind())
}

/// `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION` and `ERROR_USER_MAPPED_FILE`, for
/// which `ErrorKind` has no names.
const SHARED: [i32; 3] = [32, 33, 1224];

const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
