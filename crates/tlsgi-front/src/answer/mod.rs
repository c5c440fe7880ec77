//! What a site does to requests and answers besides deciding who answers: a stage between whoever answers and the client.

mod headers;
mod place;

use bytes::Bytes;
use tlsgi_config::config::{Headers, Site};

use crate::http::client::{Client, Event, Gone};
use crate::http::failure::Failure;
use crate::http::head::RequestHead;
use crate::http::response::ResponseHead;
pub(crate) use place::Place;

/// What one site wants to be done.
#[derive(Debug)]
pub(crate) struct Answers {
    headers: Headers,
}

impl Answers {
    /// What the configuration of the site says.
    pub(crate) fn new(site: &Site) -> Self {
        Self { headers: site.headers.clone() }
    }

    /// Nothing at all: answers need no stage.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.headers.response.is_empty() && self.headers.request.is_empty()
    }
}

/// The client as whoever answers sees it: what is said to it goes through the rules of the site.
pub(crate) struct Stage<'a, C> {
    client: &'a mut C,
    answers: &'a Answers,
    place: Place,
    /// The request, where the application is to see another one than came.
    request: Option<Box<RequestHead>>,
}

impl<'a, C: Client> Stage<'a, C> {
    /// For a request that stands there.
    pub(crate) fn new(client: &'a mut C, answers: &'a Answers, place: Place) -> Self {
        let request = headers::edited_request(&answers.headers.request, &place, client.head()).map(Box::new);
        Self { client, answers, place, request }
    }

    /// For a request whose head could not be read.
    pub(crate) fn unread(client: &'a mut C, answers: &'a Answers, place: Place) -> Self {
        Self { client, answers, place, request: None }
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
        match headers::edited(&self.answers.headers.response, &self.place, &head.fields) {
            Some(fields) => self.client.send_head(&ResponseHead { fields, ..*head }, body, is_end).await,
            None => self.client.send_head(head, body, is_end).await,
        }
    }

    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.client.send_data(bytes, is_end).await
    }

    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.client.send_trailers(fields).await
    }

    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone> {
        self.client.accept_websocket(fields).await
    }

    fn close_afterwards(&mut self) {
        self.client.close_afterwards();
    }

    fn abort(&mut self) {
        self.client.abort();
    }
}
