//! Cases for one real server, tried through the crate: `servers NAME ADDRESS…`. Prints a row of a
//! table for each case; exit code 1 if one went otherwise than it should. Keys, certificates and
//! `special.json` are in the working directory.

mod authlib;
mod cases;
mod collections;
mod django;
mod keystone;
mod oidc_provider;

use std::env;
use std::process::ExitCode;

use cases::Cases;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut cases = Cases::default();
    match arguments.as_slice() {
        ["oidc-provider", plain, tls, mtls] => oidc_provider::run(&mut cases, plain, tls, mtls),
        ["authlib", base] => authlib::run(&mut cases, base),
        ["django", base] => django::run(&mut cases, base),
        ["keystone", base, api] => keystone::run(&mut cases, base, api),
        ["jupyterhub", base] => collections::jupyterhub(&mut cases, base),
        ["kinto", base] => collections::kinto(&mut cases, base),
        ["json-server", base] => collections::json_server(&mut cases, base),
        _ => {
            eprintln!("usage: servers NAME ADDRESS…");
            return ExitCode::from(64);
        }
    }
    match cases.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
