//! Shell patterns of names and paths.

use std::path::Path;

/// Whether a name matches a pattern of `*`, `?` and plain characters. Only the last star is tried again, so that no pattern is slow.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&letter) if letter == '?' || letter == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&letter| letter == '*')
}

/// Whether a file is meant by a pattern: one with a slash is about the end of the path, or all of it where it begins with a slash or a star, and a
/// star stands for slashes too; one without is about the file's name.
#[must_use]
pub fn covers(pattern: &str, path: &Path) -> bool {
    if pattern.contains('/') {
        let path = path.to_string_lossy();
        return if pattern.starts_with(['/', '*']) {
            matches(pattern, &path)
        } else {
            matches(&format!("*/{}", pattern.trim_start_matches("./")), &path)
        };
    }
    path.file_name().is_some_and(|name| matches(pattern, &name.to_string_lossy()))
}

/// As [`covers`], also where the pattern is about a directory above the file.
#[must_use]
pub fn covers_within(pattern: &str, path: &Path) -> bool {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    path.ancestors().any(|above| covers(pattern, above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_about_names_ends_and_directories() {
        for (pattern, path, expect, within) in [
            ("*.html", "/srv/app/page.html", true, true),
            ("*.html", "/srv/app.html/page.txt", false, true),
            ("templates/*.html", "/srv/templates/page.html", true, true),
            ("./templates/*.html", "/srv/templates/page.html", true, true),
            ("templates/*.html", "/srv/mytemplates/page.html", false, false),
            ("tests", "/srv/tests/a/b.py", false, true),
            ("tests/", "/srv/tests/a/b.py", false, true),
            ("/srv/*", "/srv/tests/a.py", true, true),
            ("*/tests/*", "/srv/tests/a.py", true, true),
            ("", "/srv/a.py", false, false),
        ] {
            assert_eq!(covers(pattern, Path::new(path)), expect, "{pattern} {path}");
            assert_eq!(covers_within(pattern, Path::new(path)), within, "{pattern} {path}");
        }
    }

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, name, expect) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.confx", false),
            ("?-*.conf", "1-a.conf", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xxaxxbxx", false),
            ("", "", true),
            ("*", "", true),
            ("abc", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
