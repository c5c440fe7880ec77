//! A command line in a text, split as a shell does.

/// The words; none when a quotation mark has no pair.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(letters.next()?),
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    fn check(text: &str, expect: Option<&[&str]>) {
        assert_eq!(
            split(text).as_deref().map(|words| words.iter().map(String::as_str).collect()),
            expect.map(<[_]>::to_vec),
            "{text:?}"
        );
    }

    #[test]
    fn words_are_split_as_by_a_shell() {
        check("", Some(&[]));
        check("  -w 4\t--bind=:1 ", Some(&["-w", "4", "--bind=:1"]));
        check("-e 'A=b c' \"x \\\" y\"z a\\ b ''", Some(&["-e", "A=b c", "x \" yz", "a b", ""]));
        check("'open", None);
        check("end\\", None);
    }
}
