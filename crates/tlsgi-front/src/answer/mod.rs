//! What a site does to requests and answers besides deciding who answers: a stage between whoever answers and the client.

mod auth;
mod compress;
mod headers;
mod pages;
mod place;

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tlsgi_config::config::{Compression, ErrorPages, Headers, ReplacedPages, Site};

use crate::control::NamedFiles;
use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::http::response::ResponseHead;
use auth::is_about_users;
pub(crate) use auth::{AuthError, Guard, Unadmitted};
use compress::{Circumstances, Encoder, Verdict};
pub(crate) use pages::MissingPage;
use pages::Pages;
pub(crate) use place::Place;

/// What came with a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// An error page.
    #[error(transparent)]
    Page(#[from] MissingPage),
    /// Users and passwords.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// What one site wants to be done.
#[derive(Debug)]
pub(crate) struct Answers {
    headers: Headers,
    compression: Option<Compression>,
    error_pages: ErrorPages,
    pages: ArcSwap<Pages>,
    /// Who is asked for a password.
    pub(crate) guard: Option<Guard>,
}

impl Answers {
    /// What the configuration of the site says, with the files that it names.
    pub(crate) fn new(site: &Site, files: &NamedFiles) -> Result<Self, FileError> {
        Ok(Self {
            headers: site.headers.clone(),
            compression: site.compression.clone(),
            pages: ArcSwap::from_pointee(Pages::new(&site.error_pages, files)?),
            error_pages: site.error_pages.clone(),
            guard: Guard::new(&site.basic_auth, files)?,
        })
    }

    /// Takes new files over: requests from now on are answered with them.
    pub(crate) fn replace(&self, files: &NamedFiles) -> Result<(), FileError> {
        let pages = Pages::new(&self.error_pages, files)?;
        if let Some(guard) = &self.guard {
            guard.replace(files)?;
        }
        self.pages.store(Arc::new(pages));
        Ok(())
    }

    /// Nothing at all: answers need no stage.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.headers.response.is_empty()
            && self.headers.request.is_empty()
            && self.compression.is_none()
            && self.error_pages.pages.is_empty()
            && self.guard.is_none()
    }

    /// Whether an application's answer gets the site's page.
    fn replaces(&self, head: &ResponseHead, is_empty: bool) -> bool {
        let is_meant = match self.error_pages.replaces {
            ReplacedPages::None => false,
            ReplacedPages::Empty => is_empty,
            ReplacedPages::All => true,
        };
        is_meant && self.pages.load().has(head.status)
    }
}

/// The client as whoever answers sees it: what is said to it goes through the rules of the site.
pub(crate) struct Stage<'a, C> {
    client: &'a mut C,
    answers: &'a Answers,
    place: Place,
    /// The request, where the application is to see another one than came.
    request: Option<Box<RequestHead>>,
    request_id: &'a str,
    has_certificate: bool,
    is_file: bool,
    /// What is sent is a page of the server's own.
    is_page: bool,
    flow: Flow,
}

/// How the body goes out.
enum Flow {
    /// As it is.
    Plain,
    /// Through a compressor, which has given so many bytes.
    Coded { encoder: Box<Encoder>, sent: u64 },
    /// It went, and was so many bytes; what comes after it is of a body that another one has the place of.
    Ended { sent: u64 },
}

impl<'a, C: Client> Stage<'a, C> {
    /// For a request that stands there.
    pub(crate) fn new(
        client: &'a mut C,
        answers: &'a Answers,
        place: Place,
        has_certificate: bool,
        request_id: &'a str,
    ) -> Self {
        let request = headers::edited_request(&answers.headers.request, &place, client.head()).map(Box::new);
        Self { request, has_certificate, ..Self::unread(client, answers, place, request_id) }
    }

    /// For a request whose head could not be read.
    pub(crate) const fn unread(client: &'a mut C, answers: &'a Answers, place: Place, request_id: &'a str) -> Self {
        Self {
            client,
            answers,
            place,
            request: None,
            request_id,
            // Nothing in such a head is an `Accept-Encoding`.
            has_certificate: true,
            is_file: false,
            is_page: false,
            flow: Flow::Plain,
        }
    }

    /// Bytes of body that went out, where these are not those that came in.
    pub(crate) const fn sent_bytes(&self) -> Option<u64> {
        match self.flow {
            Flow::Plain => None,
            Flow::Coded { sent, .. } | Flow::Ended { sent } => Some(sent),
        }
    }

    /// Sends the site's page in the place of what follows this head.
    async fn send_page(&mut self, head: &ResponseHead) -> Result<(), Gone> {
        let page = self.answers.pages.load().page(head.status, "application", self.request_id);
        let (media_type, text) = page.unwrap_or_default();
        let own = pages::replaced(head, media_type, text.len());
        let outcome = self.send_edited(&own, text.as_bytes(), true).await;
        if matches!(self.flow, Flow::Plain) {
            let sent = if self.client.head().is_head() { 0 } else { text.len() as u64 };
            self.flow = Flow::Ended { sent };
        }
        outcome
    }

    /// Sends a head after the rules about its fields.
    async fn send_edited(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        let head = match headers::edited(&self.answers.headers.response, &self.place, &head.fields) {
            Some(fields) => Cow::Owned(ResponseHead { fields, ..*head }),
            None => Cow::Borrowed(head),
        };
        self.send_settled(&head, body, is_end).await
    }

    /// Sends a head whose fields are settled, and compresses what follows where it should be.
    async fn send_settled(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        let Some(rules) = &self.answers.compression else { return self.client.send_head(head, body, is_end).await };
        let length = head.length.or_else(|| is_end.then_some(body.len() as u64));
        let circumstances = Circumstances { length, is_file: self.is_file, has_certificate: self.has_certificate };
        let coding = match compress::judge(rules, self.client.head(), head, circumstances) {
            Verdict::Leave => return self.client.send_head(head, body, is_end).await,
            Verdict::Plain => None,
            Verdict::Code(coding) => Some(coding),
        };
        let plain = || ResponseHead { fields: compress::coded(&head.fields, None), ..*head };
        let Some(coding) = coding else { return self.client.send_head(&plain(), body, is_end).await };
        let coded = ResponseHead { fields: compress::coded(&head.fields, Some(coding)), length: None, ..*head };
        if self.client.head().is_head() {
            return self.client.send_head(&coded, body, is_end).await;
        }
        let Some(mut encoder) = Encoder::new(coding, rules.level, length) else {
            return self.client.send_head(&plain(), body, is_end).await;
        };
        let is_packed = encoder.push(body).await.is_ok();
        if is_end && !head.has_trailers {
            return match encoder.finish() {
                Ok(packed) if is_packed && packed.len() < body.len() => {
                    let length = packed.len() as u64;
                    self.flow = Flow::Ended { sent: length };
                    self.client.send_head(&ResponseHead { length: Some(length), ..coded }, &packed, true).await
                }
                _ => self.client.send_head(&plain(), body, true).await,
            };
        }
        // An application that began to answer is not kept waiting for more.
        let is_packed = is_packed && (body.is_empty() || encoder.flush().is_ok());
        if !is_packed {
            return self.client.send_head(&plain(), body, is_end).await;
        }
        let first = encoder.take();
        self.flow = Flow::Coded { encoder: Box::new(encoder), sent: first.len() as u64 };
        self.client.send_head(&coded, &first, false).await
    }

    /// Sends what the compressor makes of these bytes. A compressor that fails leaves a response that is visibly broken.
    async fn send_coded(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        let Flow::Coded { encoder, sent } = &mut self.flow else { return Ok(()) };
        let mut outcome = encoder.push(bytes).await;
        if !is_end {
            outcome = outcome.and_then(|()| encoder.flush());
            let packed = encoder.take();
            *sent += packed.len() as u64;
            return match outcome {
                Ok(()) if packed.is_empty() => Ok(()),
                Ok(()) => self.client.send_data(&packed, false).await,
                Err(_) => self.break_off(),
            };
        }
        let sent = *sent;
        match self.end(outcome) {
            Ok(packed) => {
                self.flow = Flow::Ended { sent: sent + packed.len() as u64 };
                self.client.send_data(&packed, true).await
            }
            Err(_) => self.break_off(),
        }
    }

    /// What is left in the compressor, which is gone then.
    fn end(&mut self, outcome: std::io::Result<()>) -> std::io::Result<Vec<u8>> {
        outcome?;
        match std::mem::replace(&mut self.flow, Flow::Plain) {
            Flow::Coded { encoder, .. } => encoder.finish(),
            Flow::Plain | Flow::Ended { .. } => Ok(Vec::new()),
        }
    }

    fn break_off(&mut self) -> Result<(), Gone> {
        tracing::warn!("a response cannot be compressed; it is cut");
        self.client.abort();
        Err(Gone)
    }
}

impl<C: Client> Client for Stage<'_, C> {
    fn head(&self) -> &RequestHead {
        self.request.as_deref().unwrap_or_else(|| self.client.head())
    }

    fn ready_body(&mut self, limit: usize) -> Result<(Bytes, bool), Failure> {
        self.client.ready_body(limit)
    }

    async fn event(&mut self, wants_body: bool) -> Event {
        self.client.event(wants_body).await
    }

    async fn send_continue(&mut self) -> Result<(), Gone> {
        self.client.send_continue().await
    }

    async fn send_early_hints(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.client.send_early_hints(fields).await
    }

    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone> {
        let is_empty = body.is_empty() && (is_end || head.length == Some(0));
        if !self.is_page && head.status >= 400 && self.answers.replaces(head, is_empty) {
            return self.send_page(head).await;
        }
        self.send_edited(head, body, is_end).await
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        match self.flow {
            Flow::Coded { .. } => self.send_coded(bytes, is_end).await,
            Flow::Ended { .. } => Ok(()),
            Flow::Plain => self.client.send_data(bytes, is_end).await,
        }
    }

    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone> {
        match self.flow {
            Flow::Coded { sent, .. } => {
                let Ok(packed) = self.end(Ok(())) else { return self.break_off() };
                self.flow = Flow::Ended { sent: sent + packed.len() as u64 };
                self.client.send_data(&packed, false).await?;
            }
            Flow::Ended { .. } => return Ok(()),
            Flow::Plain => {}
        }
        self.client.send_trailers(fields).await
    }

    fn error_page(&mut self, status: u16, error: &str) -> Option<(&'static str, String)> {
        self.is_page = true;
        self.answers.pages.load().page(status, error, self.request_id)
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.client.accept_websocket(fields).await
    }

    fn note_guarded(&mut self, told: Option<&str>) {
        let Some(guard) = &self.answers.guard else { return };
        let mut head = self.client.head().clone();
        head.retain_fields(|name| !is_about_users(name) && (guard.forwards() || name != b"authorization"));
        if let Some(user) = told {
            head.append_field("remote-user", user.as_bytes());
        }
        let edited = headers::edited_request(&self.answers.headers.request, &self.place, &head);
        self.request = Some(Box::new(edited.unwrap_or(head)));
    }

    fn note_file(&mut self) {
        self.is_file = true;
    }

    fn close_afterwards(&mut self) {
        self.client.close_afterwards();
    }

    fn abort(&mut self) {
        self.client.abort();
    }
}
