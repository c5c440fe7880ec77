//! Files of users and hashed passwords, as `htpasswd` writes them, and whether a password is the one.

mod bcrypt;
mod crypt64;
mod md5;
mod sha;

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Longest password that is looked at; no hash is worth more, and some cost the square of it.
pub const LONGEST_PASSWORD: usize = 512;

/// Most users of one file.
const MOST_USERS: usize = 10_000;

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PasswordError {
    /// From 1.
    pub line: usize,
    /// What is wrong; never a part of a hash.
    pub reason: String,
}

/// The users of a file with the hashes of their passwords.
pub struct Passwords {
    users: HashMap<String, Hash>,
    /// For names that nobody has: they cost as much as the others.
    decoy: Option<Hash>,
    remarks: Vec<String>,
}

/// A hashed password in one of the forms that are verified.
#[derive(Clone)]
enum Hash {
    Bcrypt(bcrypt::Bcrypt),
    Sha(sha::ShaCrypt),
    Apache(md5::Apache),
    /// Base64 of a plain SHA-1: nothing slows a guess down.
    PlainSha([u8; 20]),
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Passwords(of {})", self.users.len())
    }
}

impl Passwords {
    /// Reads a file's text: a line `USER:HASH` each, empty ones and those that begin with `#` left out.
    ///
    /// # Errors
    /// The first line with a form that is not verified, or that is no such line.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let mut passwords = Self { users: HashMap::new(), decoy: None, remarks: Vec::new() };
        for (at, line) in text.lines().enumerate() {
            let line_text = line.trim_end_matches(['\r', ' ', '\t']);
            if line_text.is_empty() || line_text.starts_with('#') {
                continue;
            }
            let failed = |reason: &str| PasswordError { line: at + 1, reason: reason.to_owned() };
            let (user, rest) = line_text.split_once(':').ok_or_else(|| failed("expected `USER:HASH`"))?;
            // What stands behind a further colon is a remark.
            let hash = rest.split(':').next().unwrap_or_default();
            if user.is_empty() || user.len() > 255 || user.chars().any(char::is_control) {
                return Err(failed("a user's name has 1 to 255 visible characters"));
            }
            let hash = Hash::read(hash).map_err(&failed)?;
            passwords.remark(user, &hash);
            let heaviest = passwords.decoy.as_ref().is_none_or(|decoy| hash.weight() > decoy.weight());
            if heaviest {
                passwords.decoy = Some(hash.clone());
            }
            // The first line of a user counts, as in the programs that read such files.
            passwords.users.entry(user.to_owned()).or_insert(hash);
            if passwords.users.len() > MOST_USERS {
                return Err(failed("there are more than 10000 users"));
            }
        }
        Ok(passwords)
    }

    /// Whether this is the user's password. Takes as long for names that nobody has; milliseconds, or what the hash asks for.
    #[must_use]
    pub fn verify(&self, user: &str, password: &[u8]) -> bool {
        if password.len() > LONGEST_PASSWORD {
            return false;
        }
        match (self.users.get(user), &self.decoy) {
            (Some(hash), _) => hash.is_of(password),
            (None, decoy) => {
                // Whatever it says.
                _ = decoy.as_ref().map(|decoy| std::hint::black_box(decoy.is_of(password)));
                false
            }
        }
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// What a person should know of the file.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    fn remark(&mut self, user: &str, hash: &Hash) {
        if matches!(hash, Hash::PlainSha(_)) && self.remarks.is_empty() {
            self.remarks.push(format!(
                "the password of {} is hashed with plain SHA-1, which is guessed fast; `htpasswd -B` makes a better one",
                user.escape_debug()
            ));
        }
    }
}

impl Hash {
    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "" => Err("the password is empty"),
            _ if text.starts_with("$2") => bcrypt::Bcrypt::read(text).map(Self::Bcrypt),
            _ if text.starts_with("$5$") || text.starts_with("$6$") => sha::ShaCrypt::read(text).map(Self::Sha),
            _ if text.starts_with("$apr1$") => md5::Apache::read(text).map(Self::Apache),
            _ if text.starts_with("{SHA}") => {
                let bytes = crypt64::standard(text.get(5..).unwrap_or_default());
                bytes
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self::PlainSha)
                    .ok_or("the hash behind {SHA} is damaged")
            }
            _ if text.starts_with("$1$") || text.starts_with("{SSHA}") || text.starts_with("$y$") => Err(
                "this form is not verified: `htpasswd -B` makes bcrypt; SHA-512 and SHA-256 of crypt(3) are known too",
            ),
            _ => Err("plain passwords and hashes of the old crypt(3) are not accepted: `htpasswd -B` makes bcrypt"),
        }
    }

    fn is_of(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(hash) => hash.is_of(password),
            Self::Sha(hash) => hash.is_of(password),
            Self::Apache(hash) => hash.is_of(password),
            Self::PlainSha(hash) => {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, password);
                is_equal(digest.as_ref(), hash)
            }
        }
    }

    /// How long it takes, compared with others.
    fn weight(&self) -> u64 {
        match self {
            Self::Bcrypt(hash) => hash.weight(),
            Self::Sha(hash) => hash.weight(),
            Self::Apache(_) => 1000,
            Self::PlainSha(_) => 1,
        }
    }
}

fn is_equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn check(line: &str, password: &str, expect: bool) {
        let passwords = Passwords::parse(line).expect("a file");
        assert_eq!(passwords.verify("me", password.as_bytes()), expect, "{line} {password}");
        assert!(!passwords.verify("you", password.as_bytes()), "{line} {password}");
    }

    #[test]
    fn known_hashes_are_verified() {
        let hello = "Hello world!";
        for (hash, password) in [
            ("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", hello),
            (
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
                hello,
            ),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=", "admin"),
        ] {
            let line = format!("me:{hash}");
            check(&line, password, true);
            check(&line, "wrong", false);
            check(&line, "", false);
        }
    }

    #[test]
    fn what_htpasswd_and_openssl_write_is_verified() {
        for password in ["a", "correct horse battery staple", "pässwörd", &"x".repeat(72), &"long ".repeat(20)] {
            for words in [&["-nbB", "-C", "4"][..], &["-nbm"], &["-nbs"]] {
                let made = Command::new("htpasswd").args(words).args(["me", password]).output().expect("htpasswd runs");
                check(&String::from_utf8_lossy(&made.stdout), password, true);
                check(&String::from_utf8_lossy(&made.stdout), &format!("y{password}"), false);
            }
            for (form, salt) in
                [("-apr1", "a"), ("-5", "ab"), ("-6", "abcdefgh"), ("-5", "rounds=1234$abcdefghabcdefgh")]
            {
                let made = Command::new("openssl").args(["passwd", form, "-salt", salt, password]).output();
                let made = made.expect("openssl runs");
                let line = format!("me:{}", String::from_utf8_lossy(&made.stdout));
                check(&line, password, true);
                check(&line, &password[..password.len() - 1], false);
            }
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_line() {
        for (hash, told) in [
            ("secret", "plain passwords"),
            ("rqXexS6ZhobKA", "plain passwords"),
            ("{PLAIN}secret", "plain passwords"),
            ("$1$salt$abcdef", "this form is not verified"),
            ("", "the password is empty"),
            ("$2y$05$short", "damaged"),
            ("$2y$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "cost"),
            ("$6$saltstring$svn8", "damaged"),
            ("$5$rounds=99999999$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8", "rounds"),
            ("$apr1$salt$x", "damaged"),
            ("{SHA}x", "damaged"),
        ] {
            let error = Passwords::parse(&format!("# users\n\nme:{hash}\n")).expect_err(hash);
            assert!(error.line == 3 && error.reason.contains(told), "{hash}: {error}");
            assert!(hash.len() < 4 || !error.to_string().contains(hash), "{error}");
        }
        assert!(Passwords::parse("no colon").is_err() && Passwords::parse(":x").is_err());
        assert!(Passwords::parse("").is_ok_and(|none| none.is_empty() && !none.verify("me", b"")));
    }

    #[test]
    fn first_line_of_a_user_counts_and_sha_1_is_told() {
        let text = "me:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\nme:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=:a remark\r\n";
        let passwords = Passwords::parse(text).expect("a file");
        assert!(passwords.verify("me", b"admin"));
        assert!(matches!(passwords.remarks(), [only] if only.contains("plain SHA-1")));
        assert!(!format!("{passwords:?}").contains("0DPi"));
        assert!(!passwords.verify("me", &[b'x'; LONGEST_PASSWORD + 1]));
    }
}
