//! Certificates of the local CA in files, under the names that mkcert gives them.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Issued;
use crate::error::Error;
use crate::pem;
use crate::write::{Overwrite, write_file};

/// Where a certificate and its key go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNames {
    /// The certificate; the same as `key` for both in one file.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Both with the root, as PKCS#12.
    pub pkcs12: PathBuf,
}

impl FileNames {
    /// `localhost+2.pem`, `localhost+2-key.pem`, `_wildcard.example.test.pem`, `me@example.test-client.pem`: after the first name as
    /// it was written and the number of further ones. In the current directory.
    #[must_use]
    pub fn of(names: &[String], is_for_clients: bool) -> Self {
        let first = names.first().map_or("certificate", String::as_str);
        let mut stem = first.replace([':', '/', '\\', '?', '#'], "_").replace('*', "_wildcard");
        if stem.chars().all(|c| c == '.') {
            "certificate".clone_into(&mut stem);
        }
        if names.len() > 1 {
            stem.push_str(&format!("+{}", names.len() - 1));
        }
        if is_for_clients {
            stem.push_str("-client");
        }
        let file = |ending: &str| PathBuf::from(format!("./{stem}{ending}"));
        Self { certificate: file(".pem"), key: file("-key.pem"), pkcs12: file(".p12") }
    }
}

impl Issued {
    /// Writes certificate and key; a file that is there is replaced at once. The key is its owner's alone.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, files: &FileNames) -> Result<(), Error> {
        let certificate = pem::encode("CERTIFICATE", &self.certificate);
        let key = self.key.to_pem(None)?;
        if files.certificate == files.key {
            let both = Zeroizing::new(format!("{}{}", *certificate, *key));
            return write_file(&files.key, both.as_bytes(), 0o600, Overwrite::Replace);
        }
        write_file(&files.key, key.as_bytes(), 0o600, Overwrite::Replace)?;
        write_file(&files.certificate, certificate.as_bytes(), 0o644, Overwrite::Replace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_mkcert_names_them() {
        let check = |names: &[&str], is_for_clients: bool, stem: &str| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let files = FileNames::of(&names, is_for_clients);
            assert_eq!(files.certificate, PathBuf::from(format!("./{stem}.pem")));
            assert_eq!(files.key, PathBuf::from(format!("./{stem}-key.pem")));
            assert_eq!(files.pkcs12, PathBuf::from(format!("./{stem}.p12")));
        };
        check(&["example.org"], false, "example.org");
        check(&["localhost", "127.0.0.1", "::1"], false, "localhost+2");
        check(&["*.example.it"], false, "_wildcard.example.it");
        check(&["::1"], false, "__1");
        check(&["me@example.test"], true, "me@example.test-client");
        check(&["a@b.test", "c.test"], true, "a@b.test+1-client");
        check(&["spiffe://example.test/web"], false, "spiffe___example.test_web");
        check(&["../../etc"], false, ".._.._etc");
    }
}
