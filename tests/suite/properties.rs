//! What is true whatever the bytes: the targets of `fuzz/` on their seeds and on changes of
//! them, and encodings, dates and links against second readings.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use crate::targets::{TARGETS, Target};

/// As many changes of seeds as fit into a moment of a debug build. The generator's seed is
/// fixed: what fails, fails again.
#[track_caller]
fn holds(name: &str, changes: usize) {
    let (_, check): &Target = TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    let seeds = seeds(name);
    let try_it = |data: &[u8]| {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(data)));
        if let Err(panic) = outcome {
            eprintln!("the input was b\"{}\"", data.escape_ascii());
            resume_unwind(panic);
        }
    };
    seeds.iter().for_each(|seed| try_it(seed));
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..changes {
        try_it(&changed(&seeds, &mut random));
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(name);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "the seeds of {name} are missing");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// xorshift64 (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 1).unwrap() % end.max(1)
    }
}

/// A seed with up to five changes: bytes replaced, taken out, put in, or of another seed.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const PIECES: [&str; 16] = [
        "\0",
        "\r\n",
        "\n\n",
        "\"",
        "\\",
        "{",
        "]",
        ",",
        "null",
        "-1",
        "1e999",
        "18446744073709551616",
        "%",
        "\u{fffd}",
        "\u{202e}",
        "\n---\n",
    ];
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(5) {
        let start = random.below(data.len() + 1);
        let end = (start + random.below(20)).min(data.len());
        match random.below(5) {
            0 => data[start..end].iter_mut().for_each(|byte| *byte = byte.wrapping_add(1)),
            1 => drop(data.drain(start..end)),
            2 => drop(data.splice(start..start, PIECES[random.below(16)].bytes())),
            3 => data[start..end].fill(u8::try_from(random.below(256)).unwrap()),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                data.truncate(start);
                data.extend_from_slice(&other[from..]);
            }
        }
    }
    data
}

macro_rules! targets {
    ($($test:ident: $name:literal, $changes:literal;)*) => {
        $(#[test]
        fn $test() {
            holds($name, $changes);
        })*
    };
}

targets! {
    any_token_answer_is_a_token_or_an_error: "token_answer", 600;
    any_jwt_is_read_or_refused: "jwt", 3000;
    any_wait_is_bounded_and_as_it_was_asked_for: "waits", 300;
    any_walk_ends_and_loses_nothing: "pages", 300;
    any_refusal_is_told_without_secrets: "error_body", 300;
    any_request_arrives_as_it_was_meant_or_not_at_all: "request", 800;
    any_resume_point_is_refused_or_survives: "resume_point", 600;
    any_discovery_document_is_used_or_refused: "discovery", 500;
    any_store_entry_is_refused_or_survives: "store_entry", 600;
}

#[cfg(feature = "rustls")]
targets! {
    any_pem_is_refused_when_it_is_set_or_can_be_used: "pem", 600;
}
