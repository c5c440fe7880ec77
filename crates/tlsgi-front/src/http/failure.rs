//! The only map from what went wrong to status, log level and error id.

use tracing::Level;

/// Whose fault a failed request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The client's bytes.
    Client,
    /// The worker or its application.
    Worker,
    /// A server behind this one. What is wrong there is logged where it is seen, with its name.
    Upstream,
    /// This server, or its load.
    Front,
}

macro_rules! failures {
    ($($(#[doc = $doc:literal])* $name:ident => $status:literal, $blame:ident, $id:literal, $text:literal;)*) => {
        /// Why a request gets an answer that no application wrote.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        pub(crate) enum Failure { $($(#[doc = $doc])* #[error($text)] $name,)* }

        impl Failure {
            /// Every failure, for the table test.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Status of the answer.
            pub(crate) const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Whose fault.
            pub(crate) const fn blame(self) -> Blame {
                match self { $(Self::$name => Blame::$blame,)* }
            }

            /// Stable name, on error pages and in the log.
            pub(crate) const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

failures! {
    /// Not HTTP at all.
    Malformed => 400, Client, "malformed", "the request is not valid HTTP";
    /// A line ends without carriage return, or a carriage return stands alone.
    BareLineFeed => 400, Client, "line-end", "a header line does not end with CR LF";
    /// Bad field name or value.
    BadField => 400, Client, "field", "a header field is not valid";
    /// Bad method.
    BadMethod => 400, Client, "method", "the request method is not valid";
    /// Bad request target.
    BadTarget => 400, Client, "target", "the request target is not valid";
    /// None, two, or an invalid Host.
    BadHost => 400, Client, "host", "the request must name exactly one valid host";
    /// Content-Length twice, not a number, or together with Transfer-Encoding.
    BadLength => 400, Client, "length", "the length of the request body is not clear";
    /// Chunked framing broken.
    BadChunk => 400, Client, "chunk", "the chunked request body is not valid";
    /// Bad trailers.
    BadTrailer => 400, Client, "trailer", "the trailer fields are not valid";
    /// WebSocket handshake that is none.
    BadWebSocket => 400, Client, "websocket", "the WebSocket handshake is not valid";
    /// WebSocket version other than 13.
    WebSocketVersion => 426, Client, "websocket-version", "only WebSocket version 13 is spoken here";
    /// Header block not complete in time.
    HeaderTimeout => 408, Client, "header-timeout", "the request head did not arrive in time";
    /// Body not coming in time.
    BodyTimeout => 408, Client, "body-timeout", "the request body came too slowly";
    /// Body without a length for an upstream that needs one.
    LengthRequired => 411, Client, "length-required", "the length of the request body must be declared here";
    /// Body over the limit.
    BodyTooLarge => 413, Client, "body-too-large", "the request body is larger than this server accepts";
    /// Request line over the limit.
    TargetTooLong => 414, Client, "target-too-long", "the request line is longer than this server accepts";
    /// Unknown expectation.
    Expectation => 417, Client, "expectation", "the expectation cannot be met";
    /// Host not served on this connection.
    Misdirected => 421, Client, "misdirected", "this connection does not serve that host";
    /// Too many or too large fields.
    HeaderTooLarge => 431, Client, "header-too-large", "the request head is larger than this server accepts";
    /// Method that this server does not do.
    NotImplemented => 501, Client, "not-implemented", "this server does not do that";
    /// HTTP version.
    Version => 505, Client, "version", "this HTTP version is not spoken here";
    /// Static file missing, or outside its directory, or hidden.
    NotFound => 404, Client, "not-found", "there is nothing here";
    /// Static files are read, not changed.
    MethodNotAllowed => 405, Client, "method-not-allowed", "this method is not possible here";
    /// File exists but the server may not read it.
    Forbidden => 403, Client, "forbidden", "this may not be read";
    /// A name and a password are demanded, and none came.
    PasswordMissing => 401, Client, "password-missing", "a name and a password are needed here";
    /// They came, and are not good here.
    PasswordRejected => 401, Client, "password-rejected", "the name or the password is not accepted here";
    /// Too many passwords are looked at.
    PasswordsBusy => 503, Front, "passwords-busy", "too many passwords are being checked";
    /// A client certificate is demanded, and the request came over plain HTTP.
    CertificateNeedsTls => 403, Client, "client-certificate-plain", "a client certificate is needed here, which plain HTTP cannot carry";
    /// A client certificate is demanded, and none came.
    CertificateMissing => 403, Client, "client-certificate-missing", "a client certificate is needed here, and none was sent";
    /// A client certificate came that does not hold here; the page says why.
    CertificateRejected => 403, Client, "client-certificate-rejected", "the client certificate is not accepted here";
    /// The application failed before it answered.
    Application => 500, Worker, "application", "the application failed";
    /// The worker went away while it had the request.
    WorkerLost => 502, Worker, "worker-lost", "the worker process ended before it answered";
    /// The worker sent an invalid response.
    BadResponse => 502, Worker, "bad-response", "the application's response is not valid";
    /// No connection to the upstream.
    UpstreamDown => 502, Upstream, "upstream-down", "the server behind this one cannot be reached";
    /// The upstream ended the connection.
    UpstreamLost => 502, Upstream, "upstream-lost", "the server behind this one did not answer";
    /// The upstream broke the protocol.
    UpstreamResponse => 502, Upstream, "upstream-response", "the answer of the server behind this one is not valid";
    /// The upstream was silent for too long.
    UpstreamTimeout => 504, Upstream, "upstream-timeout", "the server behind this one took too long";
    /// No slot in time.
    QueueTimeout => 503, Front, "busy", "the server is busy";
    /// Too many wait already.
    QueueFull => 503, Front, "queue-full", "the server is busy";
    /// The application cannot be started.
    PoolDown => 503, Front, "application-down", "the application is not running";
    /// The server is stopping.
    Stopping => 503, Front, "stopping", "the server is being stopped";
    /// Request or response deadline.
    ResponseTimeout => 504, Worker, "response-timeout", "the application took too long";
    /// Reading a file failed.
    FileError => 500, Front, "file", "a file could not be read";
}

/// A failure in words of its own, where the general ones leave too much open.
#[derive(Debug, Clone)]
pub(crate) struct Explained {
    pub(crate) failure: Failure,
    /// In place of the failure's own.
    pub(crate) id: &'static str,
    /// In place of the failure's own. Nothing in it comes from a client unless it is hexadecimal.
    pub(crate) text: String,
}

impl From<Failure> for Explained {
    fn from(failure: Failure) -> Self {
        Self { failure, id: failure.id(), text: failure.to_string() }
    }
}

impl Failure {
    /// How loud it is logged: what clients do wrong only at debug.
    pub(crate) const fn level(self) -> Level {
        match self.blame() {
            Blame::Client | Blame::Upstream => Level::DEBUG,
            Blame::Worker => Level::WARN,
            Blame::Front => Level::WARN,
        }
    }

    /// `Retry-After` seconds, where waiting helps.
    pub(crate) const fn retry_after(self) -> Option<u32> {
        match self {
            Self::UpstreamDown => Some(1),
            _ if self.status() == 503 => Some(1),
            _ => None,
        }
    }

    /// Whether the connection cannot be used for another request afterwards (HTTP/1).
    pub(crate) const fn ends_connection(self) -> bool {
        matches!(self.status(), 400 | 408 | 411 | 413 | 414 | 417 | 431 | 501 | 505)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_an_error_status_and_its_own_id() {
        let mut ids: Vec<_> = Failure::ALL.iter().map(|failure| failure.id()).collect();
        assert!(Failure::ALL.iter().all(|failure| (400..600).contains(&failure.status())));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Failure::ALL.len());
    }

    #[test]
    fn clients_are_not_blamed_for_server_faults() {
        for failure in Failure::ALL {
            let is_client = failure.blame() == Blame::Client;
            assert_eq!(is_client, failure.status() < 500 || matches!(failure.status(), 501 | 505), "{failure:?}");
        }
    }
}
