//! Where a request stands, as far as rules of a site ask: its path as the application reads it, and its scheme.

use std::borrow::Cow;

use tlsgi_config::config::Over;

use crate::http::head::RequestHead;
use crate::route::Door;
use crate::route::place::covers;
use crate::route::reading::unescaped;

/// See the module.
#[derive(Debug)]
pub(crate) struct Place {
    path: Vec<u8>,
    is_https: bool,
}

impl Place {
    /// That of a request; what cannot be read, and `*`, is the whole site.
    pub(crate) fn of(head: Option<&RequestHead>, door: Door) -> Self {
        let path = head.map(RequestHead::path).filter(|path| path.starts_with(b"/")).unwrap_or(b"/");
        let path = if path.contains(&b'%') { Cow::Owned(unescaped(path)) } else { Cow::Borrowed(path) };
        Self { path: path.into_owned(), is_https: door == Door::Https }
    }

    /// Whether it is below this prefix (decoded; empty for the root) and came by this scheme.
    pub(crate) fn is_in(&self, prefix: &str, over: Over) -> bool {
        let fits = match over {
            Over::Any => true,
            Over::Https => self.is_https,
            Over::Http => !self.is_https,
        };
        fits && (prefix.is_empty() || covers(prefix.as_bytes(), &self.path))
    }
}
