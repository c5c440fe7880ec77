//! Limits and deadlines.

use super::{Resolver, value};
use crate::config::{Limits, Route, Site, Target};
use crate::diagnostic::Diagnostic;
use crate::value::Value as _;
use crate::value::quantity::write_size;

/// Descriptors left to everything that is not a client: workers, listeners, files, logs.
const RESERVED: u64 = 256;

impl Resolver<'_> {
    pub(super) fn limits(&mut self, sites: &[Site]) -> Limits {
        let connections = self.connections(sites);
        self.check_sizes();
        let said = &self.said;
        Limits {
            handshake_timeout: value(&said.handshake_timeout).0,
            header_timeout: value(&said.header_timeout).0,
            header_bytes: value(&said.max_header_size).0 as usize,
            header_count: value(&said.max_header_count).0 as usize,
            request_line_bytes: value(&said.max_request_line).0 as usize,
            body_bytes: value(&said.max_body_size).0.map(|bytes| bytes.0),
            body_rate: value(&said.min_body_rate).0,
            body_grace: value(&said.body_grace).0,
            queue_timeout: value(&said.queue_timeout).0,
            queue_length: value(&said.max_queue).0 as usize,
            response_timeout: value(&said.response_timeout).0.map(|period| period.0),
            upstream_connect_timeout: value(&said.upstream_connect_timeout).0,
            upstream_timeout: value(&said.upstream_timeout).0,
            write_timeout: value(&said.write_timeout).0,
            keep_alive_timeout: value(&said.keep_alive_timeout).0,
            keep_alive_requests: value(&said.max_keep_alive_requests).0.map_or(0, |count| count.0),
            h2_streams: narrow(value(&said.max_h2_streams).0),
            h2_resets: narrow(value(&said.max_h2_resets).0),
            h2_settings: narrow(value(&said.max_h2_settings).0),
            h2_pings: narrow(value(&said.max_h2_pings).0),
            connections,
            connections_per_client: value(&said.max_connections_per_client).0.map(|count| count.0 as usize),
            websocket_message_bytes: value(&said.websocket_max_message).0 as usize,
            websocket_ping_interval: value(&said.websocket_ping_interval).0,
            websocket_ping_timeout: value(&said.websocket_ping_timeout).0,
        }
    }

    /// Less than any client sends, or more than a connection may be given in memory, is a slip of the unit.
    fn check_sizes(&mut self) {
        let said = &self.said;
        let bounds = [
            ("--max-header-size", &said.max_header_size, 1 << 10, 16 << 20),
            ("--max-request-line", &said.max_request_line, 64, 1 << 20),
            ("--websocket-max-message", &said.websocket_max_message, 125, 1 << 32),
        ];
        let wrong = bounds.into_iter().filter_map(|(option, said, least, most)| {
            let said = said.as_ref().filter(|said| !(least..=most).contains(&said.value.0))?;
            let reason = format!("expected {} to {}", write_size(least), write_size(most));
            Some(Diagnostic::invalid(option, &said.value.write(), &reason).at(&said.origin))
        });
        self.told.0.extend(wrong.collect::<Vec<_>>());
    }

    fn connections(&mut self, sites: &[Site]) -> usize {
        let is_upstream = |route: &Route| matches!(route.target, Target::Upstream(_));
        // A request that is passed on needs a second one.
        let each = if sites.iter().flat_map(|site| &site.routes).any(is_upstream) { 2 } else { 1 };
        let possible = self.facts.open_files.saturating_sub(RESERVED).max(16) / each;
        let Some(said) = self.said.max_connections.clone() else {
            return possible.min(Limits::default().connections as u64) as usize;
        };
        if said.value.0 > possible {
            let told = Diagnostic::warning(format!(
                "`--max-connections {}` is more than the descriptor limit allows: {possible} will be accepted",
                said.value.0
            ));
            self.tell(told.hint("raise it with `ulimit -n` or systemd's LimitNOFILE="), &said.origin);
        }
        said.value.0.min(possible) as usize
    }
}

/// Counts are read within 32 bits.
fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
