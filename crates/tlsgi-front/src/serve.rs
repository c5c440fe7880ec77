//! From a request head to the last byte of its answer, for every protocol version alike.

use std::rc::Rc;

use tlsgi_config::config::Limits;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::http::client::Client;
use crate::http::failure::Failure;
use crate::http::response::{ResponseHead, SitePolicy, failure_page};
use crate::observe::access_log::Entry;
use crate::pool::relay::relay;
use crate::route::{Door, Route, decide, files};
use crate::state::{SiteState, State, Thread};

/// A client connection with what its requests need.
pub(crate) struct Session {
    pub(crate) thread: Rc<Thread>,
    pub(crate) connection: Rc<Connection>,
    pub(crate) door: Door,
}

/// What was sent, for the access log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Status; 0 when nothing was sent because the client had left.
    pub(crate) status: u16,
    /// Body bytes.
    pub(crate) bytes: u64,
    /// The worker that answered.
    pub(crate) worker: Option<u64>,
}

impl Session {
    /// Bounds in force now.
    pub(crate) fn limits(&self) -> Rc<Limits> {
        Rc::clone(&self.thread.state().limits)
    }

    /// Configuration in force now.
    pub(crate) fn state(&self) -> Rc<State> {
        self.thread.state()
    }

    /// What responses on this connection carry. Answers to heads that could not be read carry the first site's.
    pub(crate) fn policy<'s>(&self, state: &'s State) -> SitePolicy<'s> {
        let is_https = self.door == Door::Https;
        let hsts = state.sites.first().and_then(|site| site.site.hsts.as_deref());
        SitePolicy { is_https, hsts: hsts.filter(|_| is_https) }
    }

    /// Whether the front is stopping.
    pub(crate) fn is_draining(&self) -> bool {
        *self.thread.draining.borrow()
    }

    /// Resolves when draining begins; never when it has begun already.
    pub(crate) async fn drain_began(&self) {
        let mut draining = self.thread.draining.clone();
        if *draining.borrow_and_update() || draining.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Answers a request whose head was refused.
    pub(crate) async fn refuse(&self, client: &mut impl Client, failure: Failure) {
        let request_id = self.thread.request_ids.next();
        let start = Instant::now();
        let sent = send_failure(client, failure, request_id.as_str()).await;
        self.log(client, &sent, request_id.as_str(), start);
    }

    fn log(&self, client: &impl Client, sent: &Sent, request_id: &str, start: Instant) {
        if !self.thread.access_log.is_on() {
            return;
        }
        self.thread.access_log.write(&Entry {
            head: client.head(),
            connection: &self.connection,
            sent,
            request_id,
            duration: start.elapsed(),
        });
    }
}

/// Answers one request.
pub(crate) async fn answer(session: &Session, state: &State, client: &mut impl Client) {
    let start = Instant::now();
    let request_id = session.thread.request_ids.next();
    let sent = match state.site(client.head()) {
        Some(site) => answer_at(session, state, site, client, request_id.as_str()).await,
        None => send_failure(client, Failure::Stopping, request_id.as_str()).await,
    };
    session.log(client, &sent, request_id.as_str(), start);
}

async fn answer_at(
    session: &Session,
    state: &State,
    site: &SiteState,
    client: &mut impl Client,
    request_id: &str,
) -> Sent {
    match decide(&site.site, &site.mounts, client.head(), &session.connection, session.door) {
        Route::Redirect(redirect) => send_own(client, &redirect.response(), &[]).await,
        Route::Refuse(failure) => send_failure(client, failure, request_id).await,
        Route::File(mount) => match files::serve(client, mount).await {
            Ok(sent) => sent,
            Err(failure) => send_failure(client, failure, request_id).await,
        },
        Route::Application => match relay(session, state, site, client, request_id).await {
            Ok(sent) => sent,
            Err(failure) => send_failure(client, failure, request_id).await,
        },
    }
}

/// The page for a failure, before anything else was sent.
pub(crate) async fn send_failure(client: &mut impl Client, failure: Failure, request_id: &str) -> Sent {
    match failure.level() {
        tracing::Level::WARN => tracing::warn!(request_id, error = failure.id(), "{failure}"),
        _ => tracing::debug!(request_id, error = failure.id(), "{failure}"),
    }
    let accept = client.head().field("accept").unwrap_or_default();
    let wants_html = memchr::memmem::find(accept, b"text/html").is_some();
    let (head, body) = failure_page(failure, request_id, wants_html);
    if failure.ends_connection() {
        client.close_afterwards();
    }
    send_own(client, &head, &body).await
}

/// A whole response of the front's own.
pub(crate) async fn send_own(client: &mut impl Client, head: &ResponseHead, body: &[u8]) -> Sent {
    let status = head.status;
    match client.send_head(head, body, true).await {
        Ok(()) => Sent { status, bytes: body.len() as u64, worker: None },
        Err(_) => Sent { status: 0, bytes: 0, worker: None },
    }
}
