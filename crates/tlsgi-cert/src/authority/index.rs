//! What a CA issued and revoked: a log that is only ever appended to, each line with a checksum. A line that a crash cut off is
//! recognised and taken away; a line that was changed is an error.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Purpose, Reason};
use crate::error::Error;
use crate::write::sync_directory;

/// Largest index: some hundred thousand certificates.
const INDEX_BYTES: u64 = 1 << 30;

/// Characters of the checksum before each line.
const CHECKSUM: usize = 16;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    /// A certificate that may be out in the world from now on.
    Issued(Record),
    /// A certificate that is not to be accepted any more.
    Revoked {
        serial: String,
        #[serde(with = "moment")]
        at: OffsetDateTime,
        reason: Reason,
    },
    /// A revocation list that may be out in the world from now on.
    Listed {
        number: u64,
        #[serde(with = "moment")]
        next_update: OffsetDateTime,
    },
}

/// A certificate as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Hexadecimal, upper case.
    pub(super) serial: String,
    pub(super) purpose: Purpose,
    /// All of it, as PEM.
    pub(super) certificate: String,
    /// The serial of the certificate that it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replaces: Option<String>,
    pub(super) files: Files,
}

/// Where a certificate was written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Files {
    /// The certificate with its chain.
    pub certificate: Option<PathBuf>,
    /// Its key, where it was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Both in one PKCS#12 file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkcs12: Option<PathBuf>,
}

/// The log, and where it ends.
pub(super) struct Index {
    path: PathBuf,
    file: Option<File>,
    end: u64,
    pub(super) events: Vec<Event>,
}

impl Index {
    /// Makes an empty one. Whoever calls this holds the lock of the directory.
    pub(super) fn create(path: &Path) -> Result<(), Error> {
        let failed = |source| Error::Store { action: "write", path: path.to_owned(), source };
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
        file.sync_all().and_then(|()| sync_directory(path)).map_err(failed)
    }

    /// Reads it without changing anything: a cut-off line at the end counts as not written.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(INDEX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > INDEX_BYTES {
            return Err(Error::TooLarge { path: path.to_owned(), limit: INDEX_BYTES as usize });
        }
        let (events, end) = parse(&bytes).map_err(|line| Error::Index { path: path.to_owned(), line })?;
        Ok(Self { path: path.to_owned(), file: None, end, events })
    }

    /// Reads it, takes away what a crash left at its end, and can then be appended to.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Store { action: "write", path: path.to_owned(), source };
        let mut index = Self::read(path)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > index.end {
            file.set_len(index.end).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        index.file = Some(file);
        Ok(index)
    }

    /// Adds a line. When this returns, it has reached the disk.
    pub(super) fn append(&mut self, event: Event) -> Result<(), Error> {
        let failed = |source| Error::Store { action: "write", path: self.path.clone(), source };
        let line = line(&event).map_err(failed)?;
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::ReadOnlyFilesystem.into()).map_err(failed)?;
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.sync_all()) {
            // A full disk must not leave half a line in front of the next one.
            _ = file.set_len(self.end);
            return Err(failed(error));
        }
        self.end += line.len() as u64;
        self.events.push(event);
        Ok(())
    }

    /// The certificates, oldest first.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.events.iter().filter_map(|event| match event {
            Event::Issued(record) => Some(record),
            _ => None,
        })
    }

    /// When and why a certificate was revoked.
    pub(super) fn revocation(&self, wanted: &str) -> Option<(OffsetDateTime, Reason)> {
        self.events.iter().find_map(|event| match event {
            Event::Revoked { serial, at, reason } if serial == wanted => Some((*at, *reason)),
            _ => None,
        })
    }

    /// The number of the newest revocation list.
    pub(super) fn list_number(&self) -> u64 {
        let numbers = self.events.iter().filter_map(|event| match event {
            Event::Listed { number, .. } => Some(*number),
            _ => None,
        });
        numbers.max().unwrap_or(0)
    }
}

fn line(event: &Event) -> io::Result<String> {
    let text = serde_json::to_string(event)?;
    Ok(format!("{} {text}\n", checksum(text.as_bytes())))
}

fn checksum(text: &[u8]) -> String {
    digest(&SHA256, text).as_ref()[..CHECKSUM / 2].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The events, and where the last whole line ends; or the number of a line that is wrong with more behind it.
fn parse(bytes: &[u8]) -> Result<(Vec<Event>, u64), usize> {
    let mut events = Vec::new();
    let (mut end, mut bad) = (0, None);
    let mut at = 0;
    for (number, whole) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        at += whole.len();
        match whole.strip_suffix(b"\n").and_then(read_line) {
            Some(_) if bad.is_some() => return Err(bad.unwrap_or(number) + 1),
            Some(event) => {
                events.push(event);
                end = at as u64;
            }
            None => bad = bad.or(Some(number)),
        }
    }
    // A crash cuts off one line. Several that are wrong, or one with its end, are damage of another kind.
    let is_cut_off = bad.is_none() || !bytes[end as usize..].contains(&b'\n');
    if is_cut_off || bytes[end as usize..].iter().all(|&byte| byte == 0) {
        Ok((events, end))
    } else {
        Err(bad.unwrap_or(0) + 1)
    }
}

fn read_line(line: &[u8]) -> Option<Event> {
    let (sum, rest) = line.split_at_checked(CHECKSUM)?;
    let text = rest.strip_prefix(b" ")?;
    (sum == checksum(text).as_bytes()).then(|| serde_json::from_slice(text).ok()).flatten()
}

/// Times as RFC 3339.
pub(super) mod moment {
    use serde::{Deserialize, Deserializer, Serializer};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    pub(in crate::authority) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = at.replace_nanosecond(0).map(|at| at.format(&Rfc3339).unwrap_or_default());
        serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
    }

    pub(in crate::authority) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        OffsetDateTime::parse(&String::deserialize(deserializer)?, &Rfc3339).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn event(number: u64) -> Event {
        Event::Listed { number, next_update: datetime!(2027-01-01 0:00 UTC) }
    }

    #[test]
    fn a_line_cut_off_anywhere_is_taken_away_and_the_next_one_follows_the_last_whole_one() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("index.log");
        let whole: Vec<String> = (1..=3).map(|number| line(&event(number)).expect("line")).collect();
        let before = whole[..2].concat();
        for length in 0..whole[2].len() {
            std::fs::write(&path, format!("{before}{}", &whole[2][..length])).expect("written");
            assert_eq!(Index::read(&path).expect("reads").events, [event(1), event(2)], "{length}");
            let mut index = Index::open(&path).expect("opens");
            index.append(event(4)).expect("appends");
            assert_eq!(Index::read(&path).expect("reads again").events, [event(1), event(2), event(4)], "{length}");
        }
        // A power cut may leave zeros where the line should be.
        std::fs::write(&path, [before.as_bytes(), &[0; 40]].concat()).expect("written");
        assert_eq!(Index::open(&path).expect("opens").list_number(), 2);
    }

    #[test]
    fn a_changed_line_is_an_error_with_its_number() {
        let lines: String = (1..=3).map(|number| line(&event(number)).expect("line")).collect();
        let check = |text: &str, expected: usize| assert_eq!(parse(text.as_bytes()).err(), Some(expected), "{text}");
        check(&lines.replacen("\"number\":1", "\"number\":7", 1), 1);
        check(&lines.replacen("\"number\":2", "\"number\":7", 1), 2);
        check(&lines.replacen("\"number\":3", "\"number\":7", 1), 3);
        check(&lines.replacen('\n', "", 1), 1);
        check(&format!("{lines}\n"), 4);
        assert_eq!(parse(b"").map(|(events, _)| events), Ok(Vec::new()));
    }
}
