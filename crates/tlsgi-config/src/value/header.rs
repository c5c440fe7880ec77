//! What is done to the fields of responses and requests: `[ACTION] [https|http] [PREFIX] NAME: VALUE`.

use super::path::prefix;
use super::{Form, Refusal, Value};
use crate::config::{HeaderAction, HeaderRule, Over};

/// Longest name of a field in a rule.
const LONGEST_NAME: usize = 256;
/// Longest value of a field in a rule.
const LONGEST_VALUE: usize = 8 << 10;

/// A rule about a field of responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHeader(pub HeaderRule);

/// A rule about a field of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader(pub HeaderRule);

/// A media type, or a pattern of some: `text/html`, `text/*`, `*+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType(pub String);

impl Value for MediaType {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim().to_ascii_lowercase();
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| is_token(byte) && byte != b'*');
        let is_it = match text.split_once('/') {
            Some(("*", "*")) => true,
            Some((kind, subtype)) => is_word(kind) && (subtype == "*" || is_word(subtype)),
            None => text.strip_prefix("*+").is_some_and(is_word),
        };
        if is_it && text.len() <= LONGEST_NAME {
            return Ok(Self(text));
        }
        Err(Refusal::new("expected a media type").hint("for example `text/html`, `text/*` or `*+json`"))
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

const EXAMPLE: &str =
    "for example `X-Frame-Options: DENY`, `add /shop Link: </a.css>; rel=preload`, `remove X-Powered-By`";

impl Value for ResponseHeader {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let rule = rule(text)?;
        match reserved_in_responses(&rule) {
            Some(reason) => Err(refusal(&rule.name, reason)),
            None => Ok(Self(rule)),
        }
    }

    fn write(&self) -> String {
        written(&self.0)
    }
}

impl Value for RequestHeader {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let rule = rule(text)?;
        match reserved_in_requests(&rule.name) {
            Some(reason) => Err(refusal(&rule.name, reason)),
            None => Ok(Self(rule)),
        }
    }

    fn write(&self) -> String {
        written(&self.0)
    }
}

fn refusal(name: &str, reason: &str) -> Refusal {
    Refusal::new(format!("`{name}` cannot be changed by a rule: {reason}"))
}

/// Fields of responses that say how the message is read, or that have an option of their own.
fn reserved_in_responses(rule: &HeaderRule) -> Option<&'static str> {
    let is_whole_removal = rule.action == HeaderAction::Remove && rule.prefix.is_empty() && rule.over == Over::Any;
    match rule.name.as_str() {
        "content-length" | "transfer-encoding" | "trailer" => Some("the server delimits the body"),
        "content-encoding" | "content-range" => Some("it says how the body is to be read"),
        "strict-transport-security" => Some("the policy is that of `--hsts`"),
        "date" if is_whole_removal => Some("`--no-date-header` leaves it out"),
        "date" => Some("the server's clock says it"),
        "server" if rule.action == HeaderAction::Remove && !is_whole_removal => {
            Some("`--no-server-header` leaves it out, everywhere")
        }
        "sec-websocket-accept" | "sec-websocket-extensions" | "sec-websocket-protocol" => {
            Some("it belongs to the handshake of a WebSocket")
        }
        name => of_connection(name),
    }
}

/// Fields of requests that say how the message is read, whom it is for, or who the client is.
fn reserved_in_requests(name: &str) -> Option<&'static str> {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match name {
        "content-length" | "transfer-encoding" | "trailer" | "expect" => Some("the client delimits the body"),
        "host" => Some("the site depends on it"),
        "proxy" => Some("programs take it for their own configuration"),
        "x-request-id" => Some("the server gives every request its id"),
        name if name.contains('_') => Some("names with `_` never reach an application"),
        name if name.starts_with("sec-websocket-") => Some("it belongs to the handshake of a WebSocket"),
        _ if letters.starts_with("xforwarded") || is_of_proxies(&letters) => {
            Some("who the client is comes from its connection and from proxies named with `--trusted-proxy`")
        }
        _ if is_certificate(&letters) => {
            Some("only the server says who the client is: `--client-cert-headers`, `--ssl-environment`")
        }
        name => of_connection(name),
    }
}

/// Other marks than letters and digits are no difference to some applications.
fn is_of_proxies(letters: &str) -> bool {
    matches!(
        letters,
        "forwarded"
            | "forwardedfor"
            | "forwardedproto"
            | "forwardedhost"
            | "frontendhttps"
            | "xrealip"
            | "xclientip"
            | "xclusterclientip"
            | "xscheme"
            | "xurlscheme"
            | "xhttps"
            | "xssl"
            | "xhost"
            | "xoriginalhost"
            | "xoriginalforwardedfor"
            | "xoriginalproto"
            | "xscriptname"
    )
}

fn is_certificate(letters: &str) -> bool {
    let starts = ["xsslclient", "sslclient", "xclientcert", "clientcert"];
    starts.iter().any(|start| letters.starts_with(start))
}

/// Fields that belong to one connection (RFC 9110 7.6.1).
fn of_connection(name: &str) -> Option<&'static str> {
    let is_it = matches!(
        name,
        "connection" | "keep-alive" | "proxy-connection" | "upgrade" | "te" | "http2-settings" | "proxy-authenticate"
    );
    is_it.then_some("it belongs to the connection")
}

fn rule(text: &str) -> Result<HeaderRule, Refusal> {
    let mut rest = text.trim();
    let mut action = None;
    let mut over = None;
    let mut under = None;
    // What stands before the name has no colon and no equals sign behind it.
    while let Some((word, behind)) = rest.split_once(char::is_whitespace) {
        match word {
            _ if word.starts_with('/') && under.is_none() => under = Some(prefix(word)?),
            "set" | "add" | "append" | "default" | "suffix" | "remove" if action.is_none() && under.is_none() => {
                action = Some(word);
            }
            "https" | "http" if over.is_none() && under.is_none() => over = Some(word),
            _ => break,
        }
        rest = behind.trim_start();
    }
    let (name, value) = match rest.find([':', '=']) {
        Some(at) => (&rest[..at], Some(rest[at + 1..].trim())),
        None => (rest, None),
    };
    let name = self::name(name.trim_end_matches(' '))?;
    let value = value.map(self::value).transpose()?;
    Ok(HeaderRule {
        action: self::action(action.unwrap_or("set"), &name, value)?,
        prefix: under.unwrap_or_default(),
        over: match over {
            Some("https") => Over::Https,
            Some(_) => Over::Http,
            None => Over::Any,
        },
        name,
    })
}

fn action(word: &str, name: &str, value: Option<String>) -> Result<HeaderAction, Refusal> {
    let make = match word {
        "remove" => {
            return match value {
                Some(value) if !value.is_empty() => {
                    Err(Refusal::new("`remove` takes a name alone").hint(format!("write `remove {name}`")))
                }
                _ => Ok(HeaderAction::Remove),
            };
        }
        "add" => HeaderAction::Add,
        "append" => HeaderAction::Append,
        "default" => HeaderAction::Default,
        "suffix" => HeaderAction::Suffix,
        _ => HeaderAction::Set,
    };
    match value {
        Some(value) => Ok(make(value)),
        None => Err(Refusal::new("expected `NAME: VALUE`, or `remove NAME`").hint(EXAMPLE)),
    }
}

const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}

fn name(text: &str) -> Result<String, Refusal> {
    if text.is_empty() || text.len() > LONGEST_NAME || !text.bytes().all(is_token) {
        let shown = text.chars().take(40).collect::<String>();
        return Err(Refusal::new(format!("`{}` is no name of a field", shown.escape_debug())).hint(EXAMPLE));
    }
    Ok(text.to_ascii_lowercase())
}

fn value(text: &str) -> Result<String, Refusal> {
    if text.len() > LONGEST_VALUE {
        return Err(Refusal::new(format!("the value is longer than {LONGEST_VALUE} bytes")));
    }
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Refusal::new("a value has no line break and no other control character"));
    }
    Ok(text.to_owned())
}

fn written(rule: &HeaderRule) -> String {
    let (word, value) = match &rule.action {
        HeaderAction::Set(value) => ("", Some(value)),
        HeaderAction::Add(value) => ("add ", Some(value)),
        HeaderAction::Append(value) => ("append ", Some(value)),
        HeaderAction::Default(value) => ("default ", Some(value)),
        HeaderAction::Suffix(value) => ("suffix ", Some(value)),
        HeaderAction::Remove => ("remove ", None),
    };
    let over = match rule.over {
        Over::Any => "",
        Over::Https => "https ",
        Over::Http => "http ",
    };
    let under = if rule.prefix.is_empty() { String::new() } else { format!("{} ", rule.prefix) };
    let value = value.map(|value| format!(": {value}")).unwrap_or_default();
    format!("{word}{over}{under}{}{}", rule.name, value.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Value>(text: &str, expect: Option<&str>) {
        let read = T::read(text);
        assert_eq!(read.as_ref().ok().map(Value::write).as_deref(), expect, "{text:?}");
        if let Ok(value) = read {
            assert_eq!(T::read(&value.write()).ok().map(|again| again.write()), Some(value.write()), "{text:?}");
        }
    }

    #[test]
    fn rules_have_an_action_a_place_and_a_field() {
        check::<ResponseHeader>("X-Frame-Options: DENY", Some("x-frame-options: DENY"));
        check::<ResponseHeader>("X-Frame-Options=DENY", Some("x-frame-options: DENY"));
        check::<ResponseHeader>("set X-A: b=c: d", Some("x-a: b=c: d"));
        check::<ResponseHeader>("set: 1", Some("set: 1"));
        check::<ResponseHeader>("add /api/ Link: </a>; rel=preload", Some("add /api link: </a>; rel=preload"));
        check::<ResponseHeader>("default https / X-A:b", Some("default https x-a: b"));
        check::<ResponseHeader>("https X-A: b", Some("https x-a: b"));
        check::<ResponseHeader>("append Vary: Cookie", Some("append vary: Cookie"));
        check::<ResponseHeader>("suffix Set-Cookie: ; Secure", Some("suffix set-cookie: ; Secure"));
        check::<ResponseHeader>("remove X-Powered-By", Some("remove x-powered-by"));
        check::<ResponseHeader>("remove http /a X-Powered-By=", Some("remove http /a x-powered-by"));
        check::<ResponseHeader>("X-Empty:", Some("x-empty:"));
        check::<ResponseHeader>("remove Server", Some("remove server"));
        check::<ResponseHeader>("Server: x", Some("server: x"));
        check::<RequestHeader>("remove Authorization", Some("remove authorization"));
        check::<RequestHeader>("X-Environment: test", Some("x-environment: test"));
        for wrong in [
            "",
            "X-A",
            "remove",
            "remove X-A: b",
            "set X A: b",
            "X-A: a\nX-B: c",
            "X-A\r: b",
            "add api X-A: b",
            "/a/../b X-A: c",
            "X(A): b",
        ] {
            check::<ResponseHeader>(wrong, None);
            check::<RequestHeader>(wrong, None);
        }
    }

    #[test]
    fn media_types_are_words_or_patterns() {
        for good in ["text/html", "text/*", "*+json", "*/*", "application/vnd.api+json"] {
            check::<MediaType>(good, Some(good));
        }
        for wrong in ["", "html", "text/", "/html", "*", "*json", "text/html; charset=utf-8", "text/h*", "*/html"] {
            check::<MediaType>(wrong, None);
        }
    }

    #[test]
    fn what_frames_a_message_or_names_the_client_is_left_alone() {
        for name in [
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
            "Upgrade",
            "TE",
            "Trailer",
            "Content-Encoding",
            "Content-Range",
            "Strict-Transport-Security",
            "Date",
        ] {
            check::<ResponseHeader>(&format!("{name}: x"), None);
            check::<ResponseHeader>(&format!("remove {name}"), None);
        }
        check::<ResponseHeader>("remove /a Server", None);
        for name in [
            "Host",
            "Content-Length",
            "Transfer-Encoding",
            "Expect",
            "X-Forwarded-For",
            "x.forwarded.proto",
            "Forwarded",
            "X-Real-IP",
            "Client-Cert",
            "Client~Cert-Chain",
            "X-SSL-Client-Verify",
            "SSL-Client-S-DN",
            "X_A",
            "Proxy",
            "X-Request-Id",
            "Sec-WebSocket-Key",
        ] {
            check::<RequestHeader>(&format!("{name}: x"), None);
            check::<RequestHeader>(&format!("remove {name}"), None);
        }
    }
}
