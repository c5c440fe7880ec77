//! Pages in the place of the server's own.

use super::{Resolver, value, written};
use crate::config::{ErrorPages, PageSource};
use crate::diagnostic::Diagnostic;

impl Resolver<'_> {
    pub(super) fn error_pages(&mut self) -> ErrorPages {
        let mut pages: Vec<(u16, u16, PageSource)> = Vec::new();
        for said in self.said.error_page.clone() {
            let source = match &said.value.source {
                PageSource::File(path) => PageSource::File(self.path(path, &said.origin)),
                text @ PageSource::Text(_) => text.clone(),
            };
            for (first, last) in said.value.statuses {
                if pages.iter().any(|page| (page.0, page.1) == (first, last)) {
                    let shown = if first == last { first.to_string() } else { format!("{}xx", first / 100) };
                    let told = Diagnostic::error(format!("`--error-page` names {shown} twice"));
                    self.tell(told.hint("a status has one page"), &said.origin);
                }
                pages.push((first, last, source.clone()));
            }
        }
        pages.sort_by_key(|(first, last, _)| last - first);
        if let (Some(said), true) = (written(&self.said.error_page_override).cloned(), pages.is_empty()) {
            self.tell(Diagnostic::without_effect("--error-page-override", "`--error-page` is not given"), &said.origin);
        }
        ErrorPages { pages, replaces: *value(&self.said.error_page_override) }
    }
}
