//! Negotiation of `permessage-deflate` (RFC 7692 7.1): what a client offers, what this server answers.

use crate::http::field::{is_token, trim};

/// Largest window that a client is asked to use where it lets the server choose: the memory that an idle client costs.
const CLIENT_WINDOW: u8 = 12;

/// What was agreed on. The server's side never keeps its context between messages (`server_no_context_takeover`): a compressor
/// takes a quarter of a megabyte, so all connections of a thread share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deflate {
    /// Window of the server's compressor, 9 to 15 bits.
    pub(crate) server_window: u8,
    /// Window of the client's compressor, 8 to 15 bits.
    pub(crate) client_window: u8,
    /// The client may refer to earlier messages.
    pub(crate) client_keeps_context: bool,
    answers_server_window: bool,
    answers_client_window: bool,
}

impl Deflate {
    /// The value of `sec-websocket-extensions` in the answer.
    pub(crate) fn answer(self) -> String {
        let mut answer = String::from("permessage-deflate; server_no_context_takeover");
        if !self.client_keeps_context {
            answer.push_str("; client_no_context_takeover");
        }
        if self.answers_server_window {
            answer.push_str(&format!("; server_max_window_bits={}", self.server_window));
        }
        if self.answers_client_window {
            answer.push_str(&format!("; client_max_window_bits={}", self.client_window));
        }
        answer
    }
}

/// A list of extensions that does not follow the grammar (RFC 6455 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Takes the first acceptable offer of `permessage-deflate` from one `sec-websocket-extensions` value; none is no mistake.
pub(crate) fn negotiate(value: &[u8]) -> Result<Option<Deflate>, Malformed> {
    let mut rest = value;
    let mut agreed = None;
    loop {
        rest = trim(rest);
        match rest.first() {
            None => return Ok(agreed),
            Some(b',') => rest = rest.get(1..).unwrap_or_default(),
            Some(_) => {
                let offer;
                (offer, rest) = parse_offer(rest)?;
                agreed = agreed.or(offer.accept());
            }
        }
    }
}

/// Parameters of one offer: name and value.
struct Offer<'a> {
    is_deflate: bool,
    parameters: Vec<(&'a [u8], Option<Vec<u8>>)>,
}

/// `token *( ";" token [ "=" ( token | quoted-string ) ] )`, up to a comma or the end.
fn parse_offer(bytes: &[u8]) -> Result<(Offer<'_>, &[u8]), Malformed> {
    let (name, mut rest) = token(bytes)?;
    let mut parameters = Vec::new();
    loop {
        rest = trim(rest);
        match rest.first() {
            None | Some(b',') => break,
            Some(b';') => {
                let (name, after) = token(trim(rest.get(1..).unwrap_or_default()))?;
                let value;
                (value, rest) = parse_value(trim(after))?;
                parameters.push((name, value));
            }
            Some(_) => return Err(Malformed),
        }
    }
    Ok((Offer { is_deflate: name.eq_ignore_ascii_case(b"permessage-deflate"), parameters }, rest))
}

fn token(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = bytes.iter().position(|byte| !is_token(&[*byte])).unwrap_or(bytes.len());
    let (token, rest) = bytes.split_at_checked(end).ok_or(Malformed)?;
    if token.is_empty() { Err(Malformed) } else { Ok((token, rest)) }
}

fn parse_value(bytes: &[u8]) -> Result<(Option<Vec<u8>>, &[u8]), Malformed> {
    let Some(after) = bytes.strip_prefix(b"=") else { return Ok((None, bytes)) };
    let after = trim(after);
    let Some(mut quoted) = after.strip_prefix(b"\"") else {
        let (value, rest) = token(after)?;
        return Ok((Some(value.to_vec()), rest));
    };
    let mut value = Vec::new();
    loop {
        match quoted {
            [b'"', rest @ ..] => {
                // RFC 6455 9.1: what is quoted must be a token as well.
                return if is_token(&value) { Ok((Some(value), rest)) } else { Err(Malformed) };
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                value.push(*byte);
                quoted = rest;
            }
            [] => return Err(Malformed),
        }
    }
}

impl Offer<'_> {
    /// What this server makes of the offer; `None` declines it: unknown, repeated or invalid parameters, or a window of 8 bits
    /// for the server, which zlib cannot do.
    fn accept(&self) -> Option<Deflate> {
        if !self.is_deflate {
            return None;
        }
        let mut agreed = Deflate {
            server_window: 15,
            client_window: 15,
            client_keeps_context: true,
            answers_server_window: false,
            answers_client_window: false,
        };
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            if self.parameters.iter().take(at).any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
                return None;
            }
            match (name.to_ascii_lowercase().as_slice(), value) {
                (b"server_no_context_takeover", None) => {}
                (b"client_no_context_takeover", None) => agreed.client_keeps_context = false,
                (b"server_max_window_bits", Some(bits)) => {
                    agreed.server_window = window(bits).filter(|bits| *bits > 8)?;
                    agreed.answers_server_window = true;
                }
                (b"client_max_window_bits", bits) => {
                    let offered = bits.as_deref().map_or(Some(15), window)?;
                    agreed.client_window = offered.min(CLIENT_WINDOW);
                    agreed.answers_client_window = true;
                }
                _ => return None,
            }
        }
        Some(agreed)
    }
}

/// 8 to 15, without leading zero.
fn window(text: &[u8]) -> Option<u8> {
    match text {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offer: &str, expect: Result<Option<&str>, Malformed>) {
        let answer = negotiate(offer.as_bytes()).map(|agreed| agreed.map(Deflate::answer));
        assert_eq!(answer.as_ref().map(|answer| answer.as_deref()).map_err(|malformed| *malformed), expect, "{offer}");
    }

    const PLAIN: Result<Option<&str>, Malformed> = Ok(Some("permessage-deflate; server_no_context_takeover"));

    #[test]
    fn plain_offers_are_taken() {
        check("permessage-deflate", PLAIN);
        check(" , PerMessage-Deflate ,", PLAIN);
        check("x-other; a=b, permessage-deflate; server_no_context_takeover", PLAIN);
        check("", Ok(None));
        check("x-webkit-deflate-frame", Ok(None));
    }

    #[test]
    fn windows_are_answered_when_they_were_offered() {
        let answer = "permessage-deflate; server_no_context_takeover; client_max_window_bits=12";
        check("permessage-deflate; client_max_window_bits", Ok(Some(answer)));
        check("permessage-deflate; client_max_window_bits=15", Ok(Some(answer)));
        let answer = "permessage-deflate; server_no_context_takeover; client_max_window_bits=8";
        check("permessage-deflate; client_max_window_bits=8", Ok(Some(answer)));
        let answer = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10";
        check("permessage-deflate; server_max_window_bits=\"1\\0\"", Ok(Some(answer)));
        let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        check("permessage-deflate ; client_no_context_takeover", Ok(Some(answer)));
    }

    #[test]
    fn offers_that_cannot_be_met_are_declined_in_favour_of_the_next() {
        for bad in [
            "server_max_window_bits",
            "server_max_window_bits=8",
            "server_max_window_bits=7",
            "server_max_window_bits=16",
            "server_max_window_bits=09",
            "client_max_window_bits=x",
            "server_no_context_takeover=1",
            "client_no_context_takeover=true",
            "unknown",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits; Client_Max_Window_Bits=9",
        ] {
            check(&format!("permessage-deflate; {bad}"), Ok(None));
            check(&format!("permessage-deflate; {bad}, permessage-deflate"), PLAIN);
        }
    }

    #[test]
    fn lists_that_break_the_grammar_are_no_handshake() {
        for bad in
            ["=", "a b", "a;", "a; =1", "a; b=", "a; b=\"", "a; b=\"x y\"", "a; b=\"\"", "a=b", "permessage-deflate;;x"]
        {
            check(bad, Err(Malformed));
        }
    }
}
