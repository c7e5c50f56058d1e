//! The examples, as programs.

mod quickstart;

use std::env;
use std::process::Command;

#[test]
fn the_examples_run_offline() {
    for (name, expected) in [
        ("custom_provider", "order 45 is open\n"),
        (
            "custom_store",
            "the first program fetched 1 tokens\nthe second program fetched 0 tokens\n",
        ),
        ("download", "69 bytes in "),
        ("errors", "  a program would end with exit code 77\n"),
        ("import", "\"successCount\":2"),
        ("patch", "tagged, though the answer was lost\nuntagged: 1\n"),
        ("tenant", "tenant: 6f1c8f5e-2a6b-4f0e-9a53-7a3b6f3f2f11\n"),
        ("threads", "{\"applications\":10,\"id\":\"000003e8\"}\n"),
        ("upload", "deed of trust.pdf is uploaded\ndeed of trust.pdf is there already\n"),
    ] {
        let output = example(name).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (told, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{name}: {errors}");
        assert!(told.contains(expected), "{name}: {told}");
    }
}

/// A built example, with nothing in its environment that could lead it elsewhere.
fn example(name: &str) -> Command {
    let suite = env::current_exe().unwrap();
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = suite.ancestors().nth(2).unwrap().join("examples").join(file);
    assert!(path.exists(), "{name} is not built: cargo build --examples");
    let mut command = Command::new(path);
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy().to_uppercase();
        if name.ends_with("_PROXY") || name.contains("_CLIENT_") || name == "SSL_CERT_FILE" {
            command.env_remove(variable);
        }
    }
    command
}
