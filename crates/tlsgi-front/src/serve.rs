//! From a request head to the last byte of its answer, for every protocol version alike.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tlsgi_cert::client::{NameStyle, serial_text};
use tlsgi_config::config::Limits;
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::answer::{Guard, Place, Stage, Unadmitted};
use crate::connection::{Connection, View, ViewOptions};
use crate::forwarded;
use crate::http::client::{Client, Event};
use crate::http::failure::{Explained, Failure};
use crate::http::field::FieldBlock;
use crate::http::head::{RequestHead, Upgrade};
use crate::http::response::{ResponseHead, SitePolicy, failure_head, failure_page};
use crate::http::websocket::close::CloseReason;
use crate::observe::access_log::Entry;
use crate::pool::relay::relay;
use crate::route::client_gate::{self, Denial};
use crate::route::{Door, Route, decide, files, files_first};
use crate::state::{SiteState, State, Thread};
use crate::tls::client_auth::{Standing, now};
use crate::upstream;

/// How often the certificate of a client with an open WebSocket is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Most of a body that is taken from a client whose request is refused, and for how long it is waited for.
const SWALLOWED: usize = 64 << 10;
const SWALLOW_TIME: Duration = Duration::from_millis(500);

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

    /// What the response to this head carries: its site's. The answer to a head that could not be read has that of the handshake's site.
    pub(crate) fn policy<'s>(&self, state: &'s State, head: Option<&RequestHead>) -> SitePolicy<'s> {
        let is_https = head.map_or(self.door, |head| self.door(head)) == Door::Https;
        let site = match head {
            Some(head) => state.site(head),
            None => state.site_named(self.handshake_name()),
        };
        let Some(SiteState { site, .. }) = site else { return SitePolicy { is_https, ..SitePolicy::default() } };
        SitePolicy {
            is_https,
            hsts: site.hsts.as_deref().filter(|_| is_https),
            omits_server: !site.headers.sends_server,
            omits_date: !site.headers.sends_date,
        }
    }

    fn handshake_name(&self) -> &str {
        self.connection.tls().map_or("", |tls| tls.server_name.as_str())
    }

    /// Believes or takes out what proxies say in a request.
    pub(crate) fn settle(&self, state: &State, head: &mut RequestHead) {
        if head.speaks_of_proxies {
            forwarded::settle(head, &self.connection, self.door, &state.proxies);
        }
    }

    /// By which door the client's request came, as far as trusted proxies go.
    fn door(&self, head: &RequestHead) -> Door {
        head.seen_as.as_ref().map_or(self.door, |seen| seen.door)
    }

    /// The client's connection, as far as trusted proxies go.
    pub(crate) fn connection<'h>(&'h self, head: &'h RequestHead) -> &'h Rc<Connection> {
        head.seen_as.as_ref().map_or(&self.connection, |seen| &seen.connection)
    }

    /// The connection as the application of a site sees it.
    pub(crate) fn view(
        &self,
        site: &SiteState,
        head: &RequestHead,
        standing: Standing,
        user: Option<Arc<str>>,
    ) -> Rc<View> {
        let options = ViewOptions {
            environ: site.environ.clone(),
            variables: site.site.tls_variables,
            sends_headers: site.clients.sends_headers(),
            user,
        };
        self.connection(head).view(standing, options, || self.thread.next_connection())
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

    /// Resolves when a long exchange under this path has to end: the server stops, or the client is not let in any more.
    pub(crate) async fn dismissal(&self, host: String, path: Vec<u8>) -> CloseReason {
        tokio::select! {
            () = self.drain_began() => CloseReason::restart(),
            () = self.client_refused(host, path) => CloseReason::refused(),
        }
    }

    /// Resolves when the client's certificate does not suffice any more; never where nobody asked for one.
    async fn client_refused(&self, host: String, path: Vec<u8>) {
        let is_asked = |state: &State| state.site_named(&host).is_some_and(|site| site.clients.asks());
        if !is_asked(&self.state()) {
            std::future::pending::<()>().await;
        }
        loop {
            sleep(LOOK_AGAIN).await;
            let state = self.state();
            let Some(site) = state.site_named(&host) else { return };
            if client_gate::check(&site.clients, &path, &self.connection, self.door, now()).is_err() {
                return;
            }
        }
    }

    /// Answers a request whose head was refused.
    pub(crate) async fn refuse(&self, client: &mut impl Client, failure: Failure) {
        let request_id = self.thread.request_ids.next();
        let start = Instant::now();
        let state = self.state();
        let site = state.site_named(self.handshake_name()).filter(|site| !site.answers.is_nothing());
        let sent = match site {
            Some(site) => {
                let mut stage = Stage::unread(client, &site.answers, Place::of(None, self.door), request_id.as_str());
                send_failure(&mut stage, failure, request_id.as_str()).await
            }
            None => send_failure(client, failure, request_id.as_str()).await,
        };
        self.log(client, None, &sent, request_id.as_str(), start);
    }

    fn log(&self, client: &impl Client, site: Option<&SiteState>, sent: &Sent, request_id: &str, start: Instant) {
        if !self.thread.access_log.is_on() {
            return;
        }
        self.thread.access_log.write(&Entry {
            head: client.head(),
            connection: self.connection(client.head()),
            site: site.map(|site| site.site.name.as_str()),
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
    let site = state.site(client.head());
    let sent = match site {
        Some(site) if site.answers.is_nothing() => answer_at(session, state, site, client, request_id.as_str()).await,
        // In a box: a site without such rules does not carry its weight.
        Some(site) => Box::pin(answer_on_stage(session, state, site, client, request_id.as_str())).await,
        None => send_failure(client, Failure::Stopping, request_id.as_str()).await,
    };
    session.log(client, site, &sent, request_id.as_str(), start);
}

/// As [`answer_at`], with the site's rules about requests and answers in between.
async fn answer_on_stage(
    session: &Session,
    state: &State,
    site: &SiteState,
    client: &mut impl Client,
    request_id: &str,
) -> Sent {
    let place = Place::of(Some(client.head()), session.door(client.head()));
    let has_certificate = session.connection.tls().is_some_and(|tls| tls.client.is_some());
    let mut stage = Stage::new(client, &site.answers, place, has_certificate, request_id);
    let sent = answer_at(session, state, site, &mut stage, request_id).await;
    // What went over the wire counts, where that is something else.
    Sent { bytes: stage.sent_bytes().unwrap_or(sent.bytes), ..sent }
}

async fn answer_at(
    session: &Session,
    state: &State,
    site: &SiteState,
    client: &mut impl Client,
    request_id: &str,
) -> Sent {
    let now = if site.clients.asks() { now() } else { 0 };
    let (connection, door) = (session.connection(client.head()), session.door(client.head()));
    let route = decide(state, site, client.head(), connection, door, now);
    let mut user = None;
    // What is answered here without a look at what lies there needs no password.
    if let Some(guard) = &site.answers.guard
        && !matches!(route, Route::Redirect(_) | Route::Deny(_) | Route::Refuse(Failure::Misdirected))
    {
        match guard.admit(client.head(), connection.peer()).await {
            Ok(admitted) => user = admitted,
            Err(unadmitted) => return refuse_user(session, guard, &unadmitted, client, request_id).await,
        }
        let is_passed_on = matches!(route, Route::Upstream(..));
        client.note_guarded(user.as_deref().filter(|_| is_passed_on));
    }
    if let Some(mount) = files_first(site, client.head(), &route) {
        match files::serve_first(client, mount).await {
            Ok(None) => {}
            Ok(Some(sent)) => return sent,
            Err(failure) => return send_failure(client, failure, request_id).await,
        }
    }
    match route {
        Route::Redirect(redirect) => send_own(client, &redirect.response(), &[]).await,
        Route::Refuse(failure) => send_failure(client, failure, request_id).await,
        Route::Deny(denial) => {
            let explained = deny(session, client.head(), denial, request_id);
            swallow(client).await;
            send_explained(client, &explained, request_id).await
        }
        Route::File(mount) => match files::serve(client, mount).await {
            Ok(sent) => sent,
            Err(failure) => send_failure(client, failure, request_id).await,
        },
        Route::Upstream(route, standing) => {
            let relayed = upstream::relay(session, state, site, route, standing, client, request_id);
            // In a box: requests to applications do not carry its weight.
            match Box::pin(relayed).await {
                Ok(sent) => sent,
                Err(failure) => send_failure(client, failure, request_id).await,
            }
        }
        Route::Application(route, standing) => {
            let view = session.view(site, client.head(), standing, user);
            match relay(session, state, route, &view, client, request_id).await {
                Ok(sent) => sent,
                Err(failure) => send_failure(client, failure, request_id).await,
            }
        }
    }
}

/// Asks for a name and a password, or says that there is no time for them.
async fn refuse_user(
    session: &Session,
    guard: &Guard,
    unadmitted: &Unadmitted,
    client: &mut impl Client,
    request_id: &str,
) -> Sent {
    let failure = unadmitted.failure();
    if let Unadmitted::Ask(Some(user)) = unadmitted {
        tracing::info!(
            request_id,
            error = failure.id(),
            client = session.connection(client.head()).client_text(),
            path = %String::from_utf8_lossy(client.head().path()).escape_debug(),
            user = %user.escape_debug(),
            "refused: {failure}"
        );
    }
    swallow(client).await;
    let challenge = matches!(unadmitted, Unadmitted::Ask(_)).then(|| guard.challenge());
    let (mut head, body) = failure_answer(client, &failure.into(), request_id);
    if let Some(challenge) = challenge {
        head.fields.extend_from_slice(FieldBlock::default().with("www-authenticate", challenge).encoded());
    }
    send_own(client, &head, body.as_bytes()).await
}

/// Takes a small request body that is under way anyway: many clients do not read an answer that comes before they have sent theirs.
async fn swallow(client: &mut impl Client) {
    let head = client.head();
    if head.expects_continue || head.upgrade != Upgrade::None {
        return;
    }
    let take = async {
        let mut left = SWALLOWED;
        let (first, mut is_over) = client.ready_body(left).unwrap_or((Bytes::new(), true));
        left -= first.len().min(left);
        while !is_over && left > 0 {
            match client.event(true).await {
                Event::Body(bytes) => left -= bytes.len().min(left),
                Event::BodyEnd | Event::Failed(_) | Event::Gone => is_over = true,
            }
        }
    };
    // Whoever is slower than that reads, or does not.
    let _ = timeout(SWALLOW_TIME, take).await;
}

/// Says in the log and on the page why a client certificate is not enough.
fn deny(session: &Session, head: &RequestHead, denial: Denial, request_id: &str) -> Explained {
    let holder = session.connection.tls().and_then(|tls| tls.client.as_ref());
    let serial = holder.and_then(|holder| holder.chain().first()).and_then(|own| serial_text(own));
    let (failure, id, mut text) = match denial {
        Denial::Plain => (Failure::CertificateNeedsTls, Failure::CertificateNeedsTls.id(), String::new()),
        Denial::Missing => (Failure::CertificateMissing, Failure::CertificateMissing.id(), String::new()),
        Denial::Rejected(rejection) => (Failure::CertificateRejected, rejection.id(), rejection.to_string()),
    };
    if text.is_empty() {
        text = failure.to_string();
    }
    let subject = holder.and_then(|holder| holder.identity()).map(|identity| identity.subject.text(NameStyle::OpenSsl));
    tracing::info!(
        request_id,
        error = id,
        client = session.connection(head).client_text(),
        path = %String::from_utf8_lossy(head.path()).escape_debug(),
        serial = serial.as_deref().unwrap_or("-"),
        subject = %subject.as_deref().unwrap_or("-").escape_debug(),
        "refused: {text}"
    );
    if let (Denial::Rejected(_), Some(serial)) = (denial, serial) {
        text = format!("{text} (serial {serial})");
    }
    Explained { failure, id, text }
}

/// The page for a failure, before anything else was sent.
pub(crate) async fn send_failure(client: &mut impl Client, failure: Failure, request_id: &str) -> Sent {
    match failure.level() {
        tracing::Level::WARN => tracing::warn!(request_id, error = failure.id(), "{failure}"),
        _ => tracing::debug!(request_id, error = failure.id(), "{failure}"),
    }
    send_explained(client, &failure.into(), request_id).await
}

async fn send_explained(client: &mut impl Client, explained: &Explained, request_id: &str) -> Sent {
    let (head, body) = failure_answer(client, explained, request_id);
    if explained.failure.ends_connection() {
        client.close_afterwards();
    }
    send_own(client, &head, body.as_bytes()).await
}

/// Head and page for a failure: the site's page, or the server's own.
fn failure_answer(client: &mut impl Client, explained: &Explained, request_id: &str) -> (ResponseHead, String) {
    let accept = client.head().field("accept").unwrap_or_default();
    let wants_html = memchr::memmem::find(accept, b"text/html").is_some();
    let own = client.error_page(explained.failure.status(), explained.id);
    let (media_type, body) = own.unwrap_or_else(|| failure_page(explained, request_id, wants_html));
    (failure_head(explained.failure, media_type, body.len()), body)
}

/// A whole response of the front's own.
pub(crate) async fn send_own(client: &mut impl Client, head: &ResponseHead, body: &[u8]) -> Sent {
    let status = head.status;
    match client.send_head(head, body, true).await {
        Ok(()) => Sent { status, bytes: body.len() as u64, worker: None },
        Err(_) => Sent { status: 0, bytes: 0, worker: None },
    }
}
