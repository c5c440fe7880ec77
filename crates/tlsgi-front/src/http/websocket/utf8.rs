//! UTF-8 checked as it arrives: a byte that cannot belong to any text is refused at once, wherever the pieces are cut.

use super::close::Violation;

/// The start of a character whose rest has not arrived.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Utf8 {
    tail: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Checks the next piece.
    pub(crate) fn check(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while self.length > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(()) };
            // A character has four bytes at most, and a longer tail would have been an error before.
            *self.tail.get_mut(self.length).ok_or(Violation::Utf8)? = byte;
            self.length += 1;
            bytes = rest;
            match str::from_utf8(self.tail.get(..self.length).unwrap_or_default()) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Violation::Utf8),
            }
        }
        if let Err(error) = str::from_utf8(bytes) {
            let tail = bytes.get(error.valid_up_to()..).unwrap_or_default();
            let place =
                self.tail.get_mut(..tail.len()).filter(|_| error.error_len().is_none()).ok_or(Violation::Utf8)?;
            place.copy_from_slice(tail);
            self.length = tail.len();
        }
        Ok(())
    }

    /// Checks that the text does not end inside a character, and starts over.
    pub(crate) fn finish(&mut self) -> Result<(), Violation> {
        if std::mem::take(&mut self.length) > 0 { Err(Violation::Utf8) } else { Ok(()) }
    }

    /// The longest start of `text` that has at most `length` bytes.
    pub(crate) fn prefix(text: &str, length: usize) -> &str {
        let mut end = text.len().min(length);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_in_pieces(bytes: &[u8], size: usize) -> Result<(), Violation> {
        let mut utf8 = Utf8::default();
        bytes.chunks(size).try_for_each(|piece| utf8.check(piece))?;
        utf8.finish()
    }

    #[test]
    fn pieces_make_no_difference() {
        let samples: [&[u8]; 8] = [
            "κόσμε \u{10FFFF} \u{0} ﷐".as_bytes(),
            b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
            b"\xf4\x90\x80\x80",
            b"\xc0\x80",
            b"\xf0\x9f\x98",
            b"\xf5",
            b"\x80",
            b"",
        ];
        for sample in samples {
            let expect = str::from_utf8(sample).map(|_| ()).map_err(|_| Violation::Utf8);
            for size in 1..=sample.len().max(1) {
                assert_eq!(check_in_pieces(sample, size), expect, "{sample:x?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn impossible_byte_is_refused_before_the_character_ends() {
        let mut utf8 = Utf8::default();
        assert!(utf8.check(b"ok \xf4").is_ok());
        assert!(utf8.check(b"\x90").is_err());
    }
}
