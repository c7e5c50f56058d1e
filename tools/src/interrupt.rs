//! Ctrl-C and the end that a service manager asks for: nothing more is sent, files stay as they
//! are, and the last words say how to go on.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Set by the first such signal; a second one ends the program at once.
pub fn flag() -> Arc<AtomicBool> {
    let begin = || {
        let flag = Arc::new(AtomicBool::new(false));
        let handled = flag.clone();
        // Where there can be no handler, the signal ends the program as it always does.
        let _ = ctrlc::set_handler(move || {
            if handled.swap(true, Ordering::Relaxed) {
                process::exit(TEMPORARY);
            }
        });
        flag
    };
    FLAG.get_or_init(begin).clone()
}

/// As the client has it for what it was asked to stop.
const TEMPORARY: i32 = 75;
