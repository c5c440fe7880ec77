//! The client's side of one exchange: what h1 and h2 both offer to whoever answers.

use bytes::Bytes;

use super::failure::Failure;
use super::head::RequestHead;
use super::response::ResponseHead;

/// The client is not there any more, or its connection is of no further use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client is gone")]
pub(crate) struct Gone;

/// What a client does while its request is answered.
#[derive(Debug)]
pub(crate) enum Event {
    /// A piece of the request body; never empty.
    Body(Bytes),
    /// The request body is complete; comes once.
    BodyEnd,
    /// Its body breaks the rules or a limit: answer this if nothing was sent yet, else cut the response.
    Failed(Failure),
    /// It left.
    Gone,
}

/// One exchange, from the client's head to the last byte of the answer. Every wait is bounded by a deadline of `Limits`
/// inside the implementation; every method may be called again after it was dropped half way (cancel-safe), except `send_*`.
pub(crate) trait Client {
    /// The request.
    fn head(&self) -> &RequestHead;

    /// Body bytes that arrived together with the head, at most `limit`, without waiting; and whether the body is complete
    /// with them. An exchange without body gives (empty, true).
    fn ready_body(&mut self, limit: usize) -> Result<(Bytes, bool), Failure>;

    /// The next thing that the client does. Body only when `wants_body`; otherwise waits until the client leaves.
    /// Never asks for 100-continue by itself.
    async fn event(&mut self, wants_body: bool) -> Event;

    /// Tells a client that waits for it to send its body. Does nothing when it does not wait or a response has begun.
    async fn send_continue(&mut self) -> Result<(), Gone>;

    /// A 103; does nothing where the version or the client has no use for it.
    async fn send_early_hints(&mut self, fields: &[u8]) -> Result<(), Gone>;

    /// Status, fields and the first bytes of the body. Framing, Date, Server and site policy are added here. With `is_end`
    /// the response is complete. The caller never sends more body than `head.length`.
    async fn send_head(&mut self, head: &ResponseHead, body: &[u8], is_end: bool) -> Result<(), Gone>;

    /// More body; ignored for HEAD and bodiless statuses. Waits until the bytes are taken or buffered under a bound.
    async fn send_data(&mut self, bytes: &[u8], is_end: bool) -> Result<(), Gone>;

    /// Ends a response that announced trailers; left out where the client does not accept them.
    async fn send_trailers(&mut self, fields: &[u8]) -> Result<(), Gone>;

    /// Completes the handshake of a request whose head has [`super::head::Upgrade::WebSocket`]: 101 with
    /// `sec-websocket-accept` on h1, 200 on h2, and these fields (subprotocol, extensions, the application's own).
    /// Afterwards the exchange is a byte stream: `event(true)` gives its bytes, `send_data` sends bytes at once.
    async fn accept_websocket(&mut self, fields: &[u8]) -> Result<(), Gone>;

    /// Media type and text of the site's own page for an answer that the server makes, which follows.
    fn error_page(&mut self, _status: u16, _error: &str) -> Option<(&'static str, String)> {
        None
    }

    /// The request was let in where the site has users: whoever answers sees no password, and no user's name but the server's,
    /// which another server is told in a field.
    fn note_guarded(&mut self, _told: Option<&str>) {}

    /// What follows is a file of the site, the same for everybody.
    fn note_file(&mut self) {}

    /// The connection takes no further request after this one (h1); the others do not mind.
    fn close_afterwards(&mut self);

    /// Makes an unfinished response visibly broken: closes the connection or resets the stream.
    fn abort(&mut self);
}
