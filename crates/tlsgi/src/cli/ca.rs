//! `tlsgi ca`.

use tlsgi_config::Exit;
use tlsgi_config::tool::Ca;

use super::tool::Place;

/// Does what is asked for.
pub(super) fn run(asked: &Ca, _place: &Place) -> anyhow::Result<Exit> {
    match *asked {}
}
