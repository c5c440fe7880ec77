//! Pages in the place of the server's own: `STATUS=FILE`, `STATUS=text:TEXT`.

use super::path::path;
use super::{Form, Refusal, Value};
use crate::config::PageSource;

/// `STATUS[,STATUS]...=SOURCE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    /// First and last status of each range, 400 to 599; never empty.
    pub statuses: Vec<(u16, u16)>,
    /// What is sent; a file as written.
    pub source: PageSource,
}

/// Longest text of a page that stands in the configuration.
const LONGEST_TEXT: usize = 8 << 10;

const EXAMPLE: &str = "for example `404=errors/404.html`, `502,503=busy.html`, `5xx=error.html` or `403=text:Not here`";

impl Value for ErrorPage {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let Some((statuses, source)) = text.split_once('=') else {
            return Err(Refusal::new("expected `STATUS=FILE`").hint(EXAMPLE));
        };
        let statuses: Vec<(u16, u16)> = statuses.split(',').map(status).collect::<Result<_, _>>()?;
        let source = match source.strip_prefix("text:") {
            Some(text) if text.trim().is_empty() || text.len() > LONGEST_TEXT => {
                return Err(Refusal::new("a text has 1 to 8192 bytes"));
            }
            Some(text) => PageSource::Text(text.to_owned()),
            None => PageSource::File(path(source.trim())?),
        };
        Ok(Self { statuses, source })
    }

    fn write(&self) -> String {
        let shown = |(first, last): &(u16, u16)| match last - first {
            0 => first.to_string(),
            _ => format!("{}xx", first / 100),
        };
        let statuses: Vec<String> = self.statuses.iter().map(shown).collect();
        let source = match &self.source {
            PageSource::File(path) => path.display().to_string(),
            PageSource::Text(text) => format!("text:{text}"),
        };
        format!("{}={source}", statuses.join(","))
    }
}

fn status(text: &str) -> Result<(u16, u16), Refusal> {
    match text.trim() {
        "4xx" | "4XX" => return Ok((400, 499)),
        "5xx" | "5XX" => return Ok((500, 599)),
        _ => {}
    }
    let number = text.trim().parse().ok().filter(|number: &u16| (400..600).contains(number));
    number.map(|number| (number, number)).ok_or_else(|| {
        let shown: String = text.chars().take(20).collect();
        Refusal::new(format!("`{}` is no status of an error: 400 to 599, `4xx` or `5xx`", shown.escape_debug()))
            .hint(EXAMPLE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(ErrorPage::read(text).ok().map(|page| page.write()).as_deref(), expect, "{text:?}");
    }

    #[test]
    fn pages_have_statuses_and_a_source() {
        check("404=a.html", Some("404=a.html"));
        check("502, 503=a=b.html", Some("502,503=a=b.html"));
        check("5xx=/srv/error.html", Some("5xx=/srv/error.html"));
        check("4XX,500=a", Some("4xx,500=a"));
        check("403=text:Not here", Some("403=text:Not here"));
        for wrong in ["", "404", "404=", "=a", "200=a", "600=a", "3xx=a", "x=a", "404,=a", "404=text:", "-404=a"] {
            check(wrong, None);
        }
    }
}
