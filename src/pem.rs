//! PEM (RFC 7468) as it comes out of files, editors and variables. Errors about it
//! are in our own words: those of a parser quote what it read, which may be a private key.

/// Why there is nothing of this `kind` (`CERTIFICATE`, say) in a text that could be read, if
/// it is there in another form.
pub(crate) fn other_form(pem: &[u8], kind: &str) -> Option<&'static str> {
    let mut labels = labels(pem).filter(|label| label.ends_with(kind) || *label == PKCS7);
    // DER and PKCS #12 begin with a long SEQUENCE.
    let binary = || matches!(pem, [0x30, 0x81..=0x84, ..]).then_some(BINARY);
    labels.find_map(advice).or_else(binary)
}

/// A text as a parser reads it, or what would keep a parser from seeing all of it.
pub(crate) fn checked(pem: &[u8]) -> Result<&[u8], &'static str> {
    let pem = pem.strip_prefix("\u{feff}".as_bytes()).unwrap_or(pem);
    fault(pem).map_or(Ok(pem), Err)
}

fn fault(pem: &[u8]) -> Option<&'static str> {
    let is_wide = |pair: &[u8]| matches!(pair, b"-\0" | b"\0-");
    if pem.windows(2).any(is_wide) {
        return Some("it is UTF-16: save it as UTF-8");
    }
    let lines = pem.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = lines.map(|line| String::from_utf8_lossy(line));
    lines.map(|line| fault_of_line(&line)).find(Option::is_some).flatten()
}

/// A label that is not alone on its line is not seen, or taken for another one.
fn fault_of_line(line: &str) -> Option<&'static str> {
    if line.starts_with("Proc-Type:") && line.contains("ENCRYPTED") {
        return Some(ENCRYPTED);
    }
    let (before, rest) = line.split_once(BEGIN)?;
    let is_alone = rest.split_once(DASHES).is_some_and(|(_, after)| after.trim().is_empty());
    match before {
        "" if rest.starts_with("TRUSTED CERTIFICATE-") => Some(TRUSTED),
        _ if !is_alone || before.contains(DASHES) => Some(ON_ONE_LINE),
        "" => None,
        _ => Some("something stands before -----BEGIN on its line, such as blanks or a quote"),
    }
}

/// Of the sections, in their order.
pub(crate) fn labels(pem: &[u8]) -> impl Iterator<Item = &str> {
    let lines = pem.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
    lines.filter_map(|line| line.strip_prefix(BEGIN)?.trim_end().strip_suffix(DASHES))
}

/// What to do with a section that is not read.
fn advice(label: &str) -> Option<&'static str> {
    Some(match label {
        "ENCRYPTED PRIVATE KEY" => ENCRYPTED,
        "OPENSSH PRIVATE KEY" => {
            "it is in the form of OpenSSH: convert it by `ssh-keygen -p -m PKCS8 -f FILE`"
        }
        "X509 CERTIFICATE" => {
            "an X509 CERTIFICATE is an old form: convert it by `openssl x509 -in FILE`"
        }
        PKCS7 => "it is PKCS #7: convert it by `openssl pkcs7 -print_certs -in FILE`",
        _ => return None,
    })
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const PKCS7: &str = "PKCS7";
const TRUSTED: &str =
    "a TRUSTED CERTIFICATE is OpenSSL's own form: convert it by `openssl x509 -in FILE`";
pub(crate) const DAMAGED: &str = "it is damaged or cut off";
const ENCRYPTED: &str = "it is encrypted: decrypt it first, by `openssl pkey -in FILE`";
const BINARY: &str = "it is in a binary form: convert DER by `openssl x509 -inform der` or `openssl pkey -inform der`, PKCS #12 by `openssl pkcs12 -nodes`";
const ON_ONE_LINE: &str =
    "the line breaks are missing, or written as \\n: each label needs a line of its own";
