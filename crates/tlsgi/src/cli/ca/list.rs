//! `tlsgi ca list`.

use std::path::Path;

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tlsgi_cert::authority::{Authority, Entry, State};
use tlsgi_config::Exit;

use crate::cli::print;
use crate::cli::tool::failed;

pub(super) fn run(directory: &Path, as_json: bool, now: OffsetDateTime) -> anyhow::Result<Exit> {
    let entries = Authority::entries(directory, now).map_err(|error| failed(&error))?;
    if as_json {
        let list: Vec<_> = entries.iter().map(|entry| value(entry, now)).collect();
        return Ok(print::out(&format!("{}\n", serde_json::to_string_pretty(&list)?)));
    }
    if entries.is_empty() {
        return Ok(print::out("nothing was issued\n"));
    }
    Ok(print::out(&entries.iter().map(|entry| line(entry, now)).collect::<String>()))
}

fn line(entry: &Entry, now: OffsetDateTime) -> String {
    let purpose = format!("{:?}", entry.purpose).to_lowercase();
    let names = if entry.names.is_empty() { entry.subject.clone() } else { entry.names.join(", ") };
    format!("{}  {:8}  {purpose:6}  until {}  {names}\n", entry.serial, state(entry, now), entry.not_after.date())
}

fn state(entry: &Entry, now: OffsetDateTime) -> &'static str {
    match entry.state {
        State::Revoked(..) => "revoked",
        State::Expired => "expired",
        State::Valid if entry.replaced_by.is_some() => "replaced",
        State::Valid if entry.is_due(now) => "due",
        State::Valid => "valid",
    }
}

fn value(entry: &Entry, now: OffsetDateTime) -> serde_json::Value {
    let time = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let (revoked_at, reason) = match entry.state {
        State::Revoked(at, reason) => (Some(time(at)), serde_json::to_value(reason).ok()),
        _ => (None, None),
    };
    json!({
        "serial": entry.serial,
        "state": state(entry, now),
        "purpose": entry.purpose,
        "subject": entry.subject,
        "names": entry.names,
        "not_before": time(entry.not_before),
        "not_after": time(entry.not_after),
        "revoked_at": revoked_at,
        "reason": reason,
        "replaced_by": entry.replaced_by,
        "files": entry.files,
    })
}
