//! Pages of a site in the place of the server's own.

use std::path::Path;
use std::sync::Arc;

use tlsgi_config::config::{ErrorPages, PageSource};
use tlsgi_wire::reason;

use crate::control::NamedFiles;
use crate::http::field::{FieldBlock, walk};
use crate::http::response::ResponseHead;

/// A file that the configuration names did not come with it.
#[derive(Debug, thiserror::Error)]
#[error("the page {0} did not come with the configuration")]
pub(crate) struct MissingPage(String);

/// The pages of one site, read.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// First and last status; single statuses first.
    by_status: Vec<(u16, u16, Arc<Page>)>,
}

#[derive(Debug)]
struct Page {
    media_type: &'static str,
    text: String,
}

impl Pages {
    pub(super) fn new(config: &ErrorPages, files: &NamedFiles) -> Result<Self, MissingPage> {
        let mut pages = Self::default();
        for (first, last, source) in &config.pages {
            let (media_type, text) = match source {
                PageSource::Text(text) => (type_of_text(text), text.clone()),
                PageSource::File(path) => {
                    let found = files.pages.iter().find(|(file, _)| file == path);
                    let (_, text) = found.ok_or_else(|| MissingPage(path.display().to_string()))?;
                    (type_of_file(path), text.clone())
                }
            };
            pages.by_status.push((*first, *last, Arc::new(Page { media_type, text })));
        }
        Ok(pages)
    }

    /// Whether there is a page for a status.
    pub(super) fn has(&self, status: u16) -> bool {
        self.find(status).is_some()
    }

    /// Media type and text of the page for a status.
    pub(super) fn page(&self, status: u16, error: &str, request_id: &str) -> Option<(&'static str, String)> {
        self.find(status).map(|page| (page.media_type, filled(&page.text, status, error, request_id)))
    }

    fn find(&self, status: u16) -> Option<&Page> {
        let page = self.by_status.iter().find(|(first, last, _)| (*first..=*last).contains(&status));
        page.map(|(_, _, page)| &**page)
    }
}

/// An application's error with another body: what its fields said of the one that it had is left out.
pub(super) fn replaced(head: &ResponseHead, media_type: &str, length: usize) -> ResponseHead {
    let mut fields = FieldBlock::default();
    for (_, name, value) in walk(&head.fields) {
        let is_about_body = name.starts_with(b"content-")
            || matches!(name, b"etag" | b"last-modified" | b"accept-ranges" | b"digest" | b"repr-digest" | b"trailer");
        // A policy for scripts and frames holds for this page as well.
        if !is_about_body || name.starts_with(b"content-security-policy") {
            fields.push(&String::from_utf8_lossy(name), value);
        }
    }
    fields.push("content-type", media_type.as_bytes());
    ResponseHead::own(head.status, &fields, length as u64)
}

fn type_of_file(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase().as_str() {
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "xml" => "application/xml",
        "xhtml" => "application/xhtml+xml",
        _ => "text/html; charset=utf-8",
    }
}

fn type_of_text(text: &str) -> &'static str {
    if text.trim_start().starts_with('<') { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" }
}

/// The text with what is known of the answer in the places that ask for it. None of it is a client's.
fn filled(text: &str, status: u16, error: &str, request_id: &str) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let text = text.replace("{status}", &status.to_string()).replace("{reason}", reason(status));
    text.replace("{error}", error).replace("{request-id}", request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pages: &[(u16, u16, &str)]) -> Pages {
        let text = |text: &str| PageSource::Text(text.to_owned());
        let config = ErrorPages {
            pages: pages.iter().map(|(first, last, source)| (*first, *last, text(source))).collect(),
            ..ErrorPages::default()
        };
        Pages::new(&config, &NamedFiles::default()).expect("pages")
    }

    #[test]
    fn status_counts_more_than_its_class() {
        let pages = pages(&[
            (404, 404, "not here"),
            (400, 499, "<p>{status} {reason}"),
            (500, 599, "{error} {request-id} {x}"),
        ]);
        let page = |status| pages.page(status, "busy", "7f");
        assert_eq!(page(404), Some(("text/plain; charset=utf-8", "not here".to_owned())));
        assert_eq!(page(403), Some(("text/html; charset=utf-8", "<p>403 Forbidden".to_owned())));
        assert_eq!(page(503).map(|(_, text)| text).as_deref(), Some("busy 7f {x}"));
        assert_eq!((page(200), page(302), pages.has(499), pages.has(600)), (None, None, true, false));
    }

    #[test]
    fn file_that_did_not_come_is_an_error() {
        let config =
            ErrorPages { pages: vec![(404, 404, PageSource::File("/a.html".into()))], ..ErrorPages::default() };
        assert!(Pages::new(&config, &NamedFiles::default()).is_err());
        let files = NamedFiles { pages: vec![("/a.html".into(), "<b>".to_owned())], ..NamedFiles::default() };
        assert!(Pages::new(&config, &files).is_ok_and(|pages| pages.has(404)));
    }

    #[test]
    fn fields_about_the_former_body_are_left_out() {
        let fields = FieldBlock::default()
            .with("content-type", "application/json")
            .with("content-encoding", "gzip")
            .with("etag", "\"a\"")
            .with("content-security-policy", "default-src 'self'")
            .with("retry-after", "5");
        let head = replaced(&ResponseHead::own(503, &fields, 100), "text/plain", 4);
        let names: Vec<_> = walk(&head.fields).map(|(_, name, _)| String::from_utf8_lossy(name).into_owned()).collect();
        assert_eq!(names, ["content-security-policy", "retry-after", "content-type"]);
        assert_eq!((head.status, head.length), (503, Some(4)));
    }
}
