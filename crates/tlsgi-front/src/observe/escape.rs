//! Makes what clients say harmless in a log: no line breaks, no quotes that end a field, nothing that a terminal obeys.

/// Longest piece of client text in a line; the rest is left out.
const MAX_TEXT: usize = 4096;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// As Apache and nginx have it: control characters, quote, backslash and whatever is not ASCII become `\xHH`.
pub(super) fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.get(..MAX_TEXT).unwrap_or(bytes);
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(end);
        out.extend_from_slice(plain);
        rest = after;
        if let Some((byte, after)) = rest.split_first() {
            out.extend_from_slice(&[b'\\', b'x', UPPER[usize::from(byte >> 4)], UPPER[usize::from(byte & 15)]]);
            rest = after;
        }
    }
}

/// A JSON string with its quotes. What is not UTF-8 becomes U+FFFD, one per byte run; control characters, C1 included, are
/// escaped.
pub(super) fn json(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.get(..MAX_TEXT).unwrap_or(bytes);
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                _ if character.is_control() => {
                    let code = character as usize;
                    out.extend_from_slice(&[b'\\', b'u', b'0', b'0', UPPER[code >> 4 & 15], UPPER[code & 15]]);
                }
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escape: fn(&mut Vec<u8>, &[u8]), bytes: &[u8]) -> String {
        let mut out = Vec::new();
        escape(&mut out, bytes);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn nothing_ends_a_quoted_field_or_a_line() {
        for (input, expect) in [
            (&b"Mozilla/5.0 (X11)"[..], "Mozilla/5.0 (X11)"),
            (b"\" 200 \"", "\\x22 200 \\x22"),
            (b"a\r\nb\\", "a\\x0D\\x0Ab\\x5C"),
            (b"\x1b[31m\x7f\x00", "\\x1B[31m\\x7F\\x00"),
            ("é".as_bytes(), "\\xC3\\xA9"),
            (b"", ""),
        ] {
            assert_eq!(escaped(text, input), expect);
        }
    }

    #[test]
    fn json_strings_mean_what_they_meant() {
        for input in ["plain", "\"quoted\" \\", "é\u{1f600}", "a\r\n\t\0", "\u{9b}31m\u{7f}", ""] {
            let line = escaped(json, input.as_bytes());
            assert!(!line.chars().any(char::is_control), "{line}");
            assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), input);
        }
        assert_eq!(escaped(json, b"a\xff\xfeb"), "\"a\u{fffd}\u{fffd}b\"");
    }

    #[test]
    fn endless_text_is_cut() {
        assert_eq!(escaped(text, &[b'a'; 100_000]).len(), MAX_TEXT);
        assert_eq!(escaped(json, &[b'a'; 100_000]).len(), MAX_TEXT + 2);
    }
}
