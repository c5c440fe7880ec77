//! Files of environment variables, as python-dotenv reads them.

use std::collections::BTreeMap;

/// `NAME=VALUE`, one a line: comments, `export`, quotes, and `${NAME}` of what stands above or in the environment. A name without a
/// value is left out, and so is a line that is none of this.
pub(in super::super) fn read(text: &str, environment: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.trim_start();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let end = line.find('\n').unwrap_or(line.len());
        let head = &line[..end];
        let name = head.split_once('=').map(|(name, _)| name.trim());
        let Some(name) = name.filter(|name| is_name(name)).filter(|_| !line.starts_with('#')) else {
            rest = line.get(end + 1..).unwrap_or_default();
            continue;
        };
        let behind = line.split_once('=').map_or("", |(_, behind)| behind).trim_start_matches([' ', '\t']);
        let (value, after) = value(behind);
        let lookup = |name: &str| {
            let above = found.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            environment.get(name).cloned().or(above)
        };
        let value = if behind.starts_with('\'') { value } else { expand(&value, lookup) };
        found.retain(|(known, _)| known != name);
        found.push((name.to_owned(), value));
        rest = after;
    }
    found
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-'))
}

/// The value at the start of the text, and what follows its line. A quoted one may have several lines.
fn value(text: &str) -> (String, &str) {
    let line_end = text.find('\n').unwrap_or(text.len());
    let next_line = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find('\n').and_then(|end| rest.get(end + 1..)).unwrap_or_default()
    };
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let mut value = String::new();
        let mut letters = text.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                _ if letter == quote => return (value, next_line(at)),
                '\\' => match letters.next().map(|(_, next)| next) {
                    Some('n') if quote == '"' => value.push('\n'),
                    Some('t') if quote == '"' => value.push('\t'),
                    Some('r') if quote == '"' => value.push('\r'),
                    Some(next @ ('\\' | '"' | '\'')) => value.push(next),
                    Some(next) => value.extend(['\\', next]),
                    None => {}
                },
                letter => value.push(letter),
            }
        }
    }
    let line = &text[..line_end];
    let bare = line.find(" #").map_or(line, |comment| &line[..comment]).trim_end();
    (bare.to_owned(), text.get(line_end + 1..).unwrap_or_default())
}

/// `${NAME}` and `${NAME:-otherwise}`.
fn expand(value: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once("${") {
        expanded.push_str(before);
        let Some((inside, after)) = behind.split_once('}') else {
            expanded.push_str("${");
            rest = behind;
            continue;
        };
        let (name, otherwise) = inside.split_once(":-").unwrap_or((inside, ""));
        expanded.push_str(&lookup(name).unwrap_or_else(|| otherwise.to_owned()));
        rest = after;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, &str)]) {
        let environment = BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned())]);
        let found = read(text, &environment);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn variables_are_read_as_people_write_them() {
        check("A=1\nexport B=two words # not this\n# C=3\n\nD = 4\n", &[("A", "1"), ("B", "two words"), ("D", "4")]);
        check("A=\"x # y\" # z\nB='$x \\n'\nC=\"a\\nb\"", &[("A", "x # y"), ("B", "$x \\n"), ("C", "a\nb")]);
        check("A=\"two\nlines\"\nB=1", &[("A", "two\nlines"), ("B", "1")]);
        check("A=1\nA=2", &[("A", "2")]);
        check("A=b\nC=${A}/${HOME}${NO}${NO:-x}", &[("A", "b"), ("C", "b//home/mex")]);
        check("A=\nB", &[("A", "")]);
        check("", &[]);
        check("A=\"open\nB=1", &[("A", "\"open"), ("B", "1")]);
        check("A=${open\n1=2\n=3\nÄ=4", &[("A", "${open")]);
    }
}
