//! Numbers, durations and sizes.

use std::time::Duration;

use super::{Form, Refusal, Value};

/// A TCP port; 0 lets the kernel choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

/// A whole number of at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

/// A whole number, 0 included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub u64);

/// A duration longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

/// A size of at least one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A bound that can be switched off with `none` or `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrNone<T>(pub Option<T>);

/// Largest count or number: what fits the narrowest field behind it, and more than any sensible use.
const MOST: u64 = u32::MAX as u64;

/// Longest duration: a hundred years. A deadline is an addition, and must not overflow.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Value for Port {
    const FORM: Form = Form::Integer { least: 0, most: 65_535 };

    fn read(text: &str) -> Result<Self, Refusal> {
        digits(text).and_then(|port| port.try_into().ok()).map(Self).ok_or_else(|| Refusal::new("a port is 0 to 65535"))
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Count {
    const FORM: Form = Form::Integer { least: 1, most: MOST };

    fn read(text: &str) -> Result<Self, Refusal> {
        match digits(text) {
            Some(count @ 1..=MOST) => Ok(Self(count)),
            _ => Err(Refusal::new("expected a whole number of at least 1")),
        }
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Number {
    const FORM: Form = Form::Integer { least: 0, most: MOST };

    fn read(text: &str) -> Result<Self, Refusal> {
        match digits(text) {
            Some(number @ 0..=MOST) => Ok(Self(number)),
            _ => Err(Refusal::new("expected a whole number, 0 or more")),
        }
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Period {
    const FORM: Form = Form::Duration;

    fn read(text: &str) -> Result<Self, Refusal> {
        let duration = duration(text)
            .ok_or_else(|| Refusal::new("expected a duration such as `10`, `10s`, `1m30s` or `500ms`"))?;
        // Nothing is timed finer, and nothing finer can be written back.
        let finer = duration.subsec_nanos() % 1_000_000;
        let duration = duration.saturating_sub(Duration::from_nanos(finer.into()));
        if duration.is_zero() {
            return Err(Refusal::new("expected a duration longer than 0: this deadline cannot be switched off"));
        }
        if duration > LONGEST {
            return Err(Refusal::new("expected a duration under a hundred years"));
        }
        Ok(Self(duration))
    }

    fn write(&self) -> String {
        write_duration(self.0)
    }
}

impl Value for Bytes {
    const FORM: Form = Form::Size;

    fn read(text: &str) -> Result<Self, Refusal> {
        match size(text) {
            Some(0) => Err(Refusal::new("expected a size of at least 1 byte")),
            Some(bytes) => Ok(Self(bytes)),
            None => Err(Refusal::new("expected a size such as `65536`, `64k` or `10MiB`")),
        }
    }

    fn write(&self) -> String {
        write_size(self.0)
    }
}

impl<T: Value> Value for OrNone<T> {
    const FORM: Form = match T::FORM {
        Form::Duration => Form::DurationOrNone,
        Form::Size => Form::SizeOrNone,
        Form::Integer { .. } => Form::IntegerOrNone,
        other => other,
    };

    fn read(text: &str) -> Result<Self, Refusal> {
        if matches!(text.trim(), "none" | "0") {
            return Ok(Self(None));
        }
        match T::read(text) {
            Ok(value) => Ok(Self(Some(value))),
            Err(refusal) if refusal.reason.starts_with("expected") => {
                Err(Refusal { reason: format!("{}, or `none`", refusal.reason), ..refusal })
            }
            Err(refusal) => Err(refusal),
        }
    }

    fn write(&self) -> String {
        self.0.as_ref().map_or_else(|| "none".to_owned(), T::write)
    }
}

/// Digits only: no sign, no spaces inside; `_` between digits as in TOML.
fn digits(text: &str) -> Option<u64> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// A bare number is seconds; otherwise numbers with units, largest first or not.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(seconds) = fraction(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let number = fraction(rest[..unit_at].trim())?;
        let after = &rest[unit_at..];
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        total = total.checked_add(Duration::try_from_secs_f64(number * unit_seconds(&after[..unit_end])?).ok()?)?;
        rest = after[unit_end..].trim_start();
    }
    Some(total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

/// `10`, `1.5`; not `1e3`, `inf`, `-1`.
fn fraction(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'_');
    if is_plain { text.replace('_', "").parse().ok() } else { None }
}

/// Powers of 1024 whatever the spelling: `k`, `kB` and `KiB` are the same here, as in the servers people come from.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number = fraction(text[..unit_at].trim())?;
    let shift = match text[unit_at..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    if let Some(whole) = digits(text[..unit_at].trim()) {
        return whole.checked_mul(1 << shift).filter(|&bytes| i64::try_from(bytes).is_ok());
    }
    let bytes = number * f64::from(2u32).powi(shift);
    // Exact for what anybody writes with a fraction; 2^53 is 8 PiB.
    (bytes <= 9e15).then(|| bytes.round() as u64)
}

/// The shortest text that reads as this duration.
#[must_use]
pub fn write_duration(duration: Duration) -> String {
    let mut milliseconds = duration.as_millis();
    if milliseconds == 0 {
        return "0".to_owned();
    }
    let mut text = String::new();
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        // 90 s reads better than 1m30s to people who wrote 90.
        if unit == "m" && milliseconds < 120_000 && !milliseconds.is_multiple_of(60_000) {
            continue;
        }
        if milliseconds >= length {
            text.push_str(&format!("{}{unit}", milliseconds / length));
            milliseconds %= length;
        }
    }
    text
}

/// The shortest exact text of a size.
#[must_use]
pub fn write_size(bytes: u64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        assert_eq!(T::read(text).ok().map(|value| value.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn durations_are_read_with_and_without_units() {
        check::<Period>("10", Some("10s"));
        check::<Period>("1m30s", Some("90s"));
        check::<Period>("2h 5m", Some("2h5m"));
        check::<Period>("500ms", Some("500ms"));
        check::<Period>("1.5", Some("1s500ms"));
        check::<Period>("1.0005", Some("1s"));
        check::<Period>("0.0001s", None);
        check::<Period>("1s500ms", Some("1s500ms"));
        for wrong in
            ["", "0", "0s", "-1", "1e3", "inf", "nan", "10x", "s", "10 s 5", "99999999999999999999d", "1.", ".5"]
        {
            check::<Period>(wrong, None);
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        check::<Bytes>("65536", Some("64KiB"));
        check::<Bytes>("64k", Some("64KiB"));
        check::<Bytes>("10MB", Some("10MiB"));
        check::<Bytes>("1.5MiB", Some("1536KiB"));
        check::<Bytes>("1000", Some("1000"));
        for wrong in ["", "0", "-1k", "k", "10X", "99999999999999999999", "9999999T", "1 000"] {
            check::<Bytes>(wrong, None);
        }
    }

    #[test]
    fn bounds_that_can_be_off_take_none_and_zero() {
        check::<OrNone<Period>>("none", Some("none"));
        check::<OrNone<Period>>("0", Some("none"));
        check::<OrNone<Bytes>>("1k", Some("1KiB"));
        check::<OrNone<Count>>("x", None);
    }

    #[test]
    fn whole_numbers_have_no_sign_and_no_fraction() {
        check::<Count>("5", Some("5"));
        check::<Count>("1_000", Some("1000"));
        check::<Number>("0", Some("0"));
        check::<Port>("65535", Some("65535"));
        for wrong in ["", "-1", "+1", "1.0", "0x10", "5000000000", "_1"] {
            check::<Count>(wrong, None);
        }
        check::<Count>("0", None);
        check::<Port>("65536", None);
    }
}
