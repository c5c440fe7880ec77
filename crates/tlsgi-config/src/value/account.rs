//! Users, groups and permission bits.

use super::{Form, Refusal, Value};

/// Name or number of a user or group, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(pub String);

/// Permission bits, written in octal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(pub u32);

impl Value for AccountName {
    const FORM: Form = Form::Account;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.contains(':') {
            return Err(Refusal::new("expected one name or number").hint("the group is named by `--group`"));
        }
        let is_name = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | ',');
        if text.is_empty() || text.len() > 255 || text.starts_with('-') || !text.chars().all(is_name) {
            return Err(Refusal::new("expected a name or a number, such as `www-data` or `33`"));
        }
        Ok(Self(text.to_owned()))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Value for Mode {
    const FORM: Form = Form::Mode;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let refused = || Refusal::new("expected permission bits in octal, from 0 to 777, such as `027`");
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(refused());
        }
        u32::from_str_radix(digits, 8).ok().filter(|&mode| mode <= 0o777).map(Self).ok_or_else(refused)
    }

    fn write(&self) -> String {
        format!("{:04o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        assert_eq!(T::read(text).ok().map(|value| value.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn accounts_are_one_name_or_number() {
        check::<AccountName>("www-data", Some("www-data"));
        check::<AccountName>(" 33 ", Some("33"));
        check::<AccountName>("DOMAIN\\user", Some("DOMAIN\\user"));
        for wrong in ["", "-1", "a:b", "a b", "a/b", "a,b", "a\0"] {
            check::<AccountName>(wrong, None);
        }
    }

    #[test]
    fn modes_are_octal_in_every_spelling() {
        for text in ["27", "027", "0027", "0o27"] {
            check::<Mode>(text, Some("0027"));
        }
        for wrong in ["", "8", "1000", "-1", "0x1f", "0o", "+7", "rwx", "777777777777777777777777"] {
            check::<Mode>(wrong, None);
        }
    }
}
