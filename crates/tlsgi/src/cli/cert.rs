//! `tlsgi cert`.

use tlsgi_config::Exit;
use tlsgi_config::tool::Cert;

use super::inspect;
use super::tool::Place;

/// Does what is asked for.
pub(super) fn run(asked: &Cert, _place: &Place) -> anyhow::Result<Exit> {
    match asked {
        Cert::Inspect(asked) => inspect::run(asked),
    }
}
