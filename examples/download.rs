//! Downloads a file of any size in constant memory. It appears under its name when it is all
//! there; a redirect to another origin is followed without the token.
//!
//! Reads no variables: a stand-in server plays Snow Atlas and a storage.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::error::Error;
use std::fs::{self, File};
use std::{env, io::Write};

use stand_in::{FILES, StandIn};
use unattended::{Client, Request};

fn main() -> Result<(), Box<dyn Error>> {
    // Yours: Provider::snow_atlas("westeurope")? and Credentials::from_env("SNOW_ATLAS")?
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.snow_atlas()?, stand_in.credentials())?;
    let target = env::temp_dir().join("unattended-report.txt");
    let part = target.with_extension("part");

    let mut file = File::create(&part)?;
    let length = client.download(Request::get(FILES).segment("report 1"), &mut file)?;
    file.flush()?;
    file.sync_all()?; // a name may be on the disk before its bytes
    fs::rename(&part, &target)?;
    println!("{length} bytes in {}", target.display());
    Ok(())
}
