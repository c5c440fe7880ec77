//! Fields of requests and responses.

use super::{Resolver, value};
use crate::config::{HeaderAction, Headers};

impl Resolver<'_> {
    /// The rules as they are followed, and whether the server's own fields go out.
    pub(super) fn headers(&self) -> Headers {
        let response: Vec<_> = self.said.response_header.iter().map(|said| said.value.0.clone()).collect();
        // The field that the server would add stands for the one that was taken out.
        let is_server_removed = response
            .iter()
            .rev()
            .find(|rule| rule.name == "server")
            .is_some_and(|rule| rule.action == HeaderAction::Remove);
        Headers {
            sends_server: *value(&self.said.server_header) && !is_server_removed,
            sends_date: *value(&self.said.date_header),
            request: self.said.request_header.iter().map(|said| said.value.0.clone()).collect(),
            response,
        }
    }
}
