//! The stand-in refuses what the vendors refuse.

use unattended::error::ErrorKind;
use unattended::{AuthMethod, Client, Credentials, Provider};

use program::{CLIENT_ID, CLIENT_SECRET, StandIn};

#[path = "../../../examples/stand_in/mod.rs"]
mod program;

/// What the stand-in's token endpoint answers: `None` for a token, else the class and the
/// server's status and code.
fn refusal_of(provider: Provider, credentials: Credentials) -> Option<(ErrorKind, u16, String)> {
    let error = Client::new(provider, credentials).unwrap().access_token().err()?;
    let answer = error.response().unwrap();
    Some((error.kind(), answer.status.as_u16(), answer.code.clone().unwrap()))
}

#[test]
fn the_stand_in_gives_tokens_to_all_presets() {
    let stand_in = StandIn::calm();
    for provider in [
        stand_in.snow_atlas().unwrap(),
        stand_in.snow_atlas().unwrap().with_scope("openid"),
        stand_in.snapdocs_demo().unwrap(),
        stand_in.snapdocs().unwrap(),
        stand_in.cognito().unwrap(),
        stand_in.cognito().unwrap().with_scope("api/write"),
    ] {
        assert_eq!(refusal_of(provider, stand_in.credentials()), None);
    }
}

#[test]
fn the_stand_in_refuses_wrong_credentials_as_each_vendor_does() {
    let stand_in = StandIn::calm();
    for (provider, status, code) in [
        (stand_in.snow_atlas().unwrap(), 400, "invalid_client"),
        (stand_in.snapdocs().unwrap(), 401, "access_denied"),
        (stand_in.cognito().unwrap(), 400, "invalid_client"),
    ] {
        let expected = Some((ErrorKind::Credentials, status, code.to_owned()));
        for (id, secret) in [(CLIENT_ID, "wrong"), ("somebody", CLIENT_SECRET)] {
            let credentials = Credentials::new(id, secret);
            assert_eq!(refusal_of(provider.clone(), credentials), expected);
        }
    }
}

#[test]
fn the_stand_in_refuses_another_way_to_authenticate() {
    use AuthMethod::{ClientSecretBasic, ClientSecretBasicRaw, ClientSecretPost};
    let stand_in = StandIn::calm();
    for (provider, method, status, code) in [
        (stand_in.snow_atlas().unwrap(), ClientSecretBasic, 400, "invalid_client"),
        (stand_in.snapdocs_demo().unwrap(), ClientSecretBasicRaw, 401, "access_denied"),
        (stand_in.cognito().unwrap(), ClientSecretPost, 400, "invalid_client"),
        // Its secret has characters that form-encoding changes.
        (stand_in.cognito().unwrap(), ClientSecretBasic, 400, "invalid_client"),
    ] {
        let refusal = refusal_of(provider.with_auth_method(method), stand_in.credentials());
        assert_eq!(refusal, Some((ErrorKind::Credentials, status, code.to_owned())));
    }
}

#[test]
fn the_stand_in_checks_scope_audience_and_resource() {
    let stand_in = StandIn::calm();
    let (wrong, denied) = (ErrorKind::Configuration, ErrorKind::Credentials);
    let slash = stand_in.snapdocs().unwrap().with_audience("https://api.snapdocs.com/");
    let cognito = stand_in.cognito().unwrap();
    for (provider, class, status, code) in [
        (stand_in.snow_atlas().unwrap().with_scope("all"), wrong, 400, "invalid_scope"),
        (slash, denied, 403, "access_denied"),
        (cognito.clone().with_scope("api/read"), wrong, 400, "invalid_scope"),
        (cognito.with_resource("https://api.example.com"), wrong, 400, "invalid_request"),
    ] {
        let refusal = refusal_of(provider, stand_in.credentials());
        assert_eq!(refusal, Some((class, status, code.to_owned())));
    }
}

#[test]
fn a_token_of_one_provider_opens_no_door_of_another() {
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.cognito().unwrap(), stand_in.credentials()).unwrap();
    for path in [program::COMPUTERS, program::SUBSCRIPTIONS, program::ORDERS] {
        assert_eq!(client.get(path).unwrap_err().status().unwrap(), 401);
    }
}

#[cfg(unix)]
#[test]
fn a_rehearsal_leaves_nothing_beside_an_installed_program() {
    let folder = crate::directory("installed");
    let (program, temporary) = (folder.join("unattended"), folder.join("tmp"));
    std::fs::create_dir(&temporary).unwrap();
    std::fs::hard_link(env!("CARGO_BIN_EXE_unattended"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    let run = crate::run(command.arg("rehearse").env("TMPDIR", &temporary));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(crate::names(&folder), ["tmp", "unattended"]);
    assert_eq!(crate::names(&temporary).len(), 1);
}
