//! The targets are those of the ordinary tests: see `tests/targets`.

#[path = "../../tests/targets/mod.rs"]
#[allow(dead_code, unused_imports, reason = "some of it serves the ordinary tests only")]
mod targets;

/// Checks one input of the target of that name.
pub fn run(name: &str, data: &[u8]) {
    let target = targets::TARGETS.iter().find(|(target, _)| *target == name);
    target.expect("a name of the list").1(data);
}
