//! What somebody wants a certificate for, and whether any client would accept it.

use time::Duration;

use super::encode;
use super::identity::Identity;
use super::index::Files;
use super::purpose::Purpose;
use crate::error::Error;

/// What to issue.
#[derive(Debug, Clone)]
pub struct Order {
    /// For a server or for a client.
    pub purpose: Purpose,
    /// The names; the first one is also the common name.
    pub names: Vec<Identity>,
    /// How long it is valid; never longer than the root.
    pub life: Duration,
    /// Where it will be written; see [`super::Authority::entries`].
    pub files: Files,
}

/// Whether a certificate for it would be of use.
pub(super) fn check(order: &Order) -> Result<(), Error> {
    let refused = |reason: String| Err(Error::Refused { reason });
    if order.names.is_empty() {
        return refused("a certificate needs a name".into());
    }
    if order.life > order.purpose.longest() || order.life < Duration::minutes(1) {
        let days = order.purpose.longest().whole_days();
        return refused(format!("it would be valid for {} days: 1 to {days} are possible", order.life.whole_days()));
    }
    let is_spiffe = |name: &&Identity| matches!(name, Identity::Uri(uri) if uri.starts_with("spiffe:"));
    let uris = order.names.iter().filter(|name| matches!(name, Identity::Uri(_))).count();
    if uris > 1 && order.names.iter().any(|name| is_spiffe(&name)) {
        return refused("a certificate with a SPIFFE ID has exactly one URI".into());
    }
    let misplaced = |name: &&Identity| matches!(name, Identity::Email(_) | Identity::Person(_));
    match order.names.iter().find(misplaced) {
        Some(name) if order.purpose == Purpose::Server => refused(format!("{name} is no name of a server")),
        _ => Ok(()),
    }
}

/// The subject of a certificate for these names.
pub(super) fn subject(names: &[Identity]) -> Result<Vec<u8>, Error> {
    let person = names.iter().find(|name| matches!(name, Identity::Person(_))).or(names.first());
    let common = person.map(ToString::to_string).unwrap_or_default();
    // The field has room for 64 characters; the whole name is among the alternative names.
    let common: String = common.chars().take(64).collect();
    if common.is_empty() {
        return Err(Error::Refused { reason: "a certificate needs a name".into() });
    }
    Ok(encode::name(None, &common))
}
