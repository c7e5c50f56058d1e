use super::*;

fn known(secrets: &[&str]) -> Mask {
    Mask::of(secrets.iter().map(|secret| (*secret).to_owned()))
}

#[test]
fn secrets_are_masked_in_every_dress_and_prose_is_left_alone() {
    let cases = [
        (r#"{"access_token":"abc","scope":"x"}"#, r#"{"access_token":"***","scope":"x"}"#),
        (r#"{ "client_secret" : "a\"b" }"#, r#"{ "client_secret" : "***" }"#),
        (r#"{"access_token":"cut off"#, r#"{"access_token":"***"#),
        ("access_token=abc&scope=x", "access_token=***&scope=x"),
        ("Client_Secret:\tabc def", "Client_Secret:\t*** def"),
        ("client_secret='a b'", "client_secret='***'"),
        (r#"{"refreshToken":1,"id_token":null}"#, r#"{"refreshToken":1,"id_token":***}"#),
        ("the client_secret is wrong", "the client_secret is wrong"),
        ("Authorization: Bearer a1b2c3d4", "Authorization: *** ***"),
        ("got Bearer a1b2c3d4.", "got Bearer ***"),
        ("Basic authentication failed", "Basic authentication failed"),
        ("Basic bXk6c2VjcmV0", "Basic ***"),
        ("token eyJhbGciOiJub25lIn0.e30.x is bad", "token *** is bad"),
        ("jwt=eyJhbGciOiJub25lIn0.e30.x", "***"),
        ("a %61%2bb", "a ***"),
        ("<b>hush hush</b>", "<b>*** ***</b>"),
        ("a%2Bb and a%2bb and a+b", "*** and *** and ***"),
        ("a\\u002Bb and a&#43;b and a&#x2b;b &#x", "*** and *** and *** &#x"),
        ("hus\\u00 hus% \\ \\u % &", "hus\\u00 hus% \\ \\u % &"),
        ("access_token access_token", "access_token access_token"),
        ("\u{e4}access_token=\u{e4}", "\u{e4}access_token=***"),
    ];
    for (text, expected) in cases {
        assert_eq!(known(&["hush", "a+b"]).hide(text), expected);
    }
    assert_eq!(known(&["\u{e4}bc+d"]).hide("%c3%a4bc%2bd %C3%A4bc%2Bd"), "*** ***");
}

#[test]
fn a_text_made_to_be_slow_is_masked_quickly() {
    for piece in ["password ", "password=a&", "\"password\":\"", "eyJ", "Basic ", "\\&%", "hus"] {
        let text = piece.repeat(200_000 / piece.len());
        let start = std::time::Instant::now();
        known(&["hush"]).hide(&text);
        let took = start.elapsed();
        assert!(took.as_secs() < 5, "{took:?} for {piece:?}");
    }
}

#[test]
fn what_could_be_an_opaque_token_is_masked_where_one_is_to_be_expected() {
    let cases = [
        ("here: a8f7e6d5c4", "here: ***"),
        ("abcdefghijklmnopqrstuvwxyzabc", "***"),
        ("QwErTyUi", "***"),
        ("token=qwertyui", "***"),
        ("an ordinary sentence, 12 words", "an ordinary sentence, 12 words"),
    ];
    for (text, expected) in cases {
        assert_eq!(Mask::default().hide_opaque(text), expected);
    }
}
