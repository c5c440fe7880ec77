//! `tlsgi trust`.

use time::OffsetDateTime;
use tlsgi_cert::LocalCa;
use tlsgi_config::Exit;
use tlsgi_config::tool::Trust;

use super::print;
use super::tool::{Place, failed};

/// Does what is asked for.
pub(super) fn run(asked: &Trust, place: &Place) -> anyhow::Result<Exit> {
    match asked {
        Trust::Status => status(place),
    }
}

fn status(place: &Place) -> anyhow::Result<Exit> {
    let root = LocalCa::open_or_create(&place.state_directory.join("ca"), OffsetDateTime::now_utc());
    let root = root.map_err(|error| failed(&error))?;
    Ok(print::out(&format!("root  {}\n", root.path().display())))
}
