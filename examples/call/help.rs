//! What `--help` prints.

use crate::source;

pub fn text() -> String {
    format!("{INTRO}\n{}\n{REST}", source::HELP)
}

const INTRO: &str = "\
Calls an API once; the token, waits and repeats are taken care of. The body of the answer goes
to standard output, byte for byte, and everything else to standard error.

    call [OPTIONS] [METHOD] PATH|URL

    call --provider snow-atlas --region westeurope /api/sam/estate/v1/computers --query page_size=2
    call --provider snapdocs POST /api/v1/subscriptions --json '{\"event\": \"closing.updated\"}'
    call /api/sam/estate/v1/computers                  (answered by a stand-in server)

METHOD is GET, or POST with a body, unless it is given. @FILE instead of PATH|URL reads it from
a file (@- from standard input): a presigned URL is a secret, and others see the command line.
";

const REST: &str = "\
What to send:
    --query NAME=VALUE     added to the query, percent-encoded; may be repeated
    --header 'NAME: VALUE' may be repeated; --header @FILE (@-) reads headers, one on a line:
                           the place for those that are secret
    --json TEXT            a JSON body; '-' reads it from standard input
    --data TEXT            a body as it is; '-' reads it from standard input
    --data-file FILE       a file as the body, of any size: it is streamed
    --form NAME=VALUE      a form as the body; may be repeated
    --content-type TYPE    of the body
    --safe-to-repeat       sending this twice does no harm: it is repeated like a GET
    --without-token        no token is sent: the only way to another origin

How long to be patient:
    --retries N            how often it is repeated at most (8)
    --deadline SECONDS     for the whole call, all waits included (900); what it takes to send a
                           file and to receive a content is limited by --idle instead
    --idle SECONDS         how long the server may send nothing (120)

What to do with the answer:
    --out FILE             written beside and renamed when it is all there; left as it is by a 304.
                           If another program holds FILE, the answer is kept in FILE.complete
    --accept content       only a whole content is a success: 200, 203, 204, and 206 if a Range
                           was asked for; of any size. The default for GET: 202 is exit code 75
    --accept any           every 2xx is a success; up to 64 MiB. The default for other methods
    --include              status and headers on standard error, with --accept any; the values
                           of headers that may be secret are shown as ***
    --verbose              every token, wait and repeat, and the body of a refusal, on
                           standard error

The token is kept for the next call, so that a loop buys one and not one for each call: in
$XDG_CACHE_HOME/unattended or ~/.cache/unattended (%LOCALAPPDATA%\\unattended on Windows), in
files that only you can read.
    --store DIRECTORY      kept there
    --no-store             not kept

Exit codes: 0 success, 64 usage, 65 the answer is incomplete, 69 refused by the server, 73 the
answer cannot be written (the server may have acted), 75 temporary: try again later, 77
credentials, 78 configuration. With any but 0, what is on standard output is not all.
";
