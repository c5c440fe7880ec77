//! PEM text → labelled sections. Not what the sections mean.

use zeroize::Zeroizing;

use crate::sealed::Dek;

/// One `-----BEGIN …-----` block.
pub(crate) struct Section {
    /// What stands after `BEGIN`.
    pub(crate) label: String,
    /// The old OpenSSL header `Proc-Type: 4,ENCRYPTED` was there; the content is ciphertext.
    pub(crate) is_encrypted: bool,
    /// How, from the header that follows.
    pub(crate) dek: Option<Dek>,
    /// The decoded content.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Where and why a text is no PEM.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// The sections of a text, in order. Text outside of them (bag attributes, `openssl x509 -text`) is skipped.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section>, Fault> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(fault(1, "the file is UTF-16 text, as a Windows editor or PowerShell writes it; save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let separator = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let mut lines = bytes.split(|&byte| byte == separator).map(<[u8]>::trim_ascii).zip(1..);
    let mut found = Vec::new();
    while let Some((line, number)) = lines.next() {
        let Some(label) = begin(line).map_err(|reason| fault(number, reason))? else { continue };
        found.push(section(label, number, &mut lines)?);
    }
    Ok(found)
}

fn section<'a>(
    label: String,
    start: usize,
    lines: &mut impl Iterator<Item = (&'a [u8], usize)>,
) -> Result<Section, Fault> {
    let mut body = Body::default();
    let mut is_encrypted = false;
    let mut dek = None;
    for (line, number) in lines {
        if let Some(rest) = line.strip_prefix(b"-----END ") {
            if rest.strip_suffix(b"-----") != Some(label.as_bytes()) {
                return Err(fault(number, format!("`BEGIN {label}` of line {start} ends with another label")));
            }
            let der = body.finish().map_err(|reason| fault(number, reason))?;
            return Ok(Section { label, is_encrypted, dek, der });
        }
        if line.starts_with(b"-----BEGIN ") {
            return Err(fault(number, format!("`BEGIN {label}` of line {start} has no `END {label}`")));
        }
        if body.is_empty() && line.contains(&b':') {
            is_encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
            let header = line.strip_prefix(b"DEK-Info:").and_then(|header| std::str::from_utf8(header).ok());
            dek = header.and_then(Dek::parse).or(dek);
            continue;
        }
        body.push(line).map_err(|reason| fault(number, reason))?;
    }
    Err(fault(start, format!("`BEGIN {label}` has no `END {label}`: the file is cut off")))
}

/// The label of a `BEGIN` line; none for any other line.
fn begin(line: &[u8]) -> Result<Option<String>, &'static str> {
    let Some(rest) = line.strip_prefix(b"-----BEGIN ") else { return Ok(None) };
    let Some(end) = rest.windows(5).position(|five| five == b"-----") else {
        return Err("a `BEGIN` line without its closing dashes");
    };
    if end + 5 != rest.len() {
        return Err("the block stands on one line: its line breaks were lost or written as `\\n`");
    }
    match std::str::from_utf8(&rest[..end]) {
        Ok(label) if label.len() <= 64 && label.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
            Ok(Some(label.to_owned()))
        }
        _ => Err("a `BEGIN` line with an unreadable label"),
    }
}

fn fault(line: usize, reason: impl Into<String>) -> Fault {
    Fault { line, reason: reason.into() }
}

/// Base64 across lines. Padding may be missing, nothing may follow it.
#[derive(Default)]
struct Body {
    der: Zeroizing<Vec<u8>>,
    bits: u32,
    symbols: usize,
    padding: usize,
}

impl Body {
    fn is_empty(&self) -> bool {
        self.symbols == 0
    }

    fn push(&mut self, line: &[u8]) -> Result<(), &'static str> {
        self.reserve(line.len());
        for &byte in line {
            match byte {
                b'=' => self.padding += 1,
                b' ' | b'\t' | b'\r' => {}
                _ if self.padding > 0 => return Err("base64 continues after its padding"),
                _ => self.push_symbol(symbol(byte).ok_or("a character that is not base64")?),
            }
        }
        Ok(())
    }

    fn push_symbol(&mut self, value: u8) {
        self.bits = self.bits << 6 | u32::from(value);
        self.symbols += 1;
        if self.symbols.is_multiple_of(4) {
            self.der.extend_from_slice(&self.bits.to_be_bytes()[1..]);
            self.bits = 0;
        }
    }

    /// Grows by moving and wiping: what `Vec` would leave behind on its own could be a key.
    fn reserve(&mut self, line: usize) {
        if self.der.capacity() - self.der.len() < line {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * (self.der.len() + line).max(2048)));
            larger.extend_from_slice(&self.der);
            self.der = larger;
        }
    }

    fn finish(mut self) -> Result<Zeroizing<Vec<u8>>, &'static str> {
        let rest = self.symbols % 4;
        if self.padding > 2 || (self.padding > 0 && rest + self.padding != 4) {
            return Err("base64 with wrong padding: characters are missing");
        }
        match rest {
            0 => {}
            2 => self.der.push((self.bits >> 4) as u8),
            3 => self.der.extend_from_slice(&((self.bits >> 2) as u16).to_be_bytes()),
            _ => return Err("base64 with a single character left over: characters are missing"),
        }
        Ok(self.der)
    }
}

fn symbol(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// One section as text, in lines of 64 characters.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(String::with_capacity(der.len() * 3 / 2 + 2 * label.len() + 64));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let bits = three.iter().fold(0, |bits, &byte| bits << 8 | usize::from(byte)) << (8 * (3 - three.len()));
            for position in 0..4 {
                let is_padding = position > three.len();
                text.push(if is_padding { '=' } else { char::from(ALPHABET[bits >> (18 - 6 * position) & 63]) });
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        sections(text.as_bytes()).unwrap_or_default().into_iter().map(|section| section.label).collect()
    }

    #[test]
    fn text_around_sections_and_every_line_ending_are_accepted() {
        let text = "Bag Attributes\n    friendlyName: x\n-----BEGIN A-----\nAAEC\n-----END A-----\nsubject=b\n  -----BEGIN B-----\n  /w==\n  -----END B-----";
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")] {
            assert_eq!(labels(&text), ["A", "B"], "{text:?}");
        }
    }

    #[test]
    fn content_comes_back_for_every_length() {
        for length in 0..200 {
            let der: Vec<u8> = (0..length).map(|byte| (byte * 7) as u8).collect();
            let text = encode("X Y", &der);
            let sections = sections(text.as_bytes()).unwrap_or_default();
            assert_eq!(*sections[0].der, der);
            assert!(text.lines().all(|line| line.len() <= 64));
        }
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let check = |text: &str, line: usize, words: &str| {
            let fault = sections(text.as_bytes()).err().unwrap_or_else(|| fault(0, "none"));
            assert!(fault.line == line && fault.reason.contains(words), "{text:?}: {fault:?}");
        };
        check("-----BEGIN A-----\nAAEC\n", 1, "cut off");
        check("-----BEGIN A-----\nAAEC\n-----BEGIN A-----\n", 3, "has no `END A`");
        check("\n-----BEGIN A-----\nAAEC\n-----END B-----\n", 4, "another label");
        check("-----BEGIN A-----\nAA*C\n-----END A-----\n", 2, "not base64");
        check("-----BEGIN A-----\nAAECA\n-----END A-----\n", 3, "single character");
        check("-----BEGIN A-----\nAA=C\n-----END A-----\n", 2, "after its padding");
        check("-----BEGIN A-----\nAAE==\n-----END A-----\n", 3, "wrong padding");
        check("-----BEGIN A-----\\nAAEC\\n-----END A-----\n", 1, "line breaks");
        check("-----BEGIN A---\n", 1, "closing dashes");
        assert!(sections(b"\xff\xfe-\0-\0").is_err_and(|fault| fault.reason.contains("UTF-16")));
    }

    #[test]
    fn the_old_encryption_header_is_seen() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAEC\n-----END RSA PRIVATE KEY-----\n";
        assert!(sections(text.as_bytes()).is_ok_and(|sections| sections[0].is_encrypted));
    }
}
