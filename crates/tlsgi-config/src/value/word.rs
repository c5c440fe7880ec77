//! Switches, words from a closed set, and text.

use super::{ClientCertificate, Form, Refusal, Value};
use crate::config::{
    AccessLogFormat, Coding, EventLoop, ExpiredRevocation, Interface, Lifespan, LogFormat, LogLevel, ReplacedPages,
    Sandbox, SuiteOrder,
};

/// Text that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

/// `KEY=VALUE` for the environment of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name.
    pub name: String,
    /// Value, may be empty.
    pub value: String,
}

/// `KEY=VALUE` for the `environ` of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironVariable {
    /// Name; none that the server sets itself.
    pub name: String,
    /// One line, may be empty.
    pub value: String,
}

/// Bytes of one such value.
const LONGEST_VARIABLE: usize = 8192;

/// Names an application: `module:attribute`, `path.py:attribute`, `module:create_app()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is imported, and the attribute.
    pub target: String,
    /// Written with a trailing `()`: the attribute is called for the application.
    pub is_call: bool,
}

impl Value for bool {
    const FORM: Form = Form::Switch;

    fn read(text: &str) -> Result<Self, Refusal> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(Refusal::new("expected `true` or `false`")),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for Text {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() { Err(Refusal::new("expected a text")) } else { Ok(Self(text.to_owned())) }
    }

    fn write(&self) -> String {
        self.0.clone()
    }
}

impl Value for Variable {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Refusal::new("expected `NAME=VALUE`"));
        };
        if name.is_empty() || name.contains('\0') || value.contains('\0') {
            return Err(Refusal::new("expected `NAME=VALUE` with a name and without NUL"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }

    fn write(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}

impl Value for EnvironVariable {
    const FORM: Form = Form::Pair;

    fn read(text: &str) -> Result<Self, Refusal> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Refusal::new("expected `NAME=VALUE`"));
        };
        if name.is_empty() || name.len() > 256 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refusal::new("expected `NAME=VALUE` with a name of at most 256 bytes and without blanks"));
        }
        if value.len() > LONGEST_VARIABLE || value.contains(['\0', '\r', '\n']) {
            return Err(Refusal::new(format!("a value has one line of at most {LONGEST_VARIABLE} bytes")));
        }
        let own_prefixes = ["HTTP_", "SSL_", "REMOTE_", "SERVER_", "REQUEST_", "CONTENT_", "wsgi."];
        let own_names = ["SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTPS", "RAW_URI", "GATEWAY_INTERFACE"];
        if own_prefixes.iter().any(|own| name.starts_with(own)) || own_names.contains(&name) {
            let refusal = Refusal::new(format!("`{name}` is what the server says of a request"));
            return Err(refusal.hint("an application believes it: choose a name of your own"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }

    fn write(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}

impl Value for Reference {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let (target, is_call) = match text.strip_suffix("()") {
            Some(target) => (target, true),
            None => (text, false),
        };
        let (module, attribute) = split_reference(target);
        if module.is_empty() || attribute.is_some_and(str::is_empty) || target.contains(char::is_control) {
            return Err(Refusal::new("expected `module:attribute`, `path.py:attribute` or `module:create_app()`")
                .hint("the attribute may be left out: `app.py`, `package.module`"));
        }
        Ok(Self { target: target.to_owned(), is_call })
    }

    fn write(&self) -> String {
        format!("{}{}", self.target, if self.is_call { "()" } else { "" })
    }
}

/// Module and attribute. A path may contain colons (`C:\app.py`), an attribute no slash.
fn split_reference(target: &str) -> (&str, Option<&str>) {
    match target.rsplit_once(':') {
        Some((module, attribute)) if !attribute.contains(['/', '\\']) => (module, Some(attribute)),
        _ => (target, None),
    }
}

macro_rules! words {
    ($type:ty { $($word:literal => $value:expr),+ $(,)? } $(also { $($alias:literal => $canonical:literal),+ })?) => {
        impl Value for $type {
            const FORM: Form = Form::Words(&[$($word),+]);

            fn read(text: &str) -> Result<Self, Refusal> {
                let word = text.trim().to_ascii_lowercase();
                match word.as_str() {
                    $($word => Ok($value),)+
                    $($($alias => Self::read($canonical),)+)?
                    _ => Err(Refusal::new(concat!("expected one of", $(" `", $word, "`"),+))),
                }
            }

            fn write(&self) -> String {
                $(if *self == $value { return $word.to_owned(); })+
                String::new()
            }
        }
    };
}

words!(Option<Interface> { "auto" => None, "wsgi" => Some(Interface::Wsgi), "asgi" => Some(Interface::Asgi) });
words!(Lifespan { "auto" => Self::Auto, "on" => Self::On, "off" => Self::Off });
words!(EventLoop { "auto" => Self::Auto, "asyncio" => Self::Asyncio, "uvloop" => Self::Uvloop });
words!(ClientCertificate { "off" => Self::Off, "request" => Self::Request, "require" => Self::Require });
words!(ExpiredRevocation { "refuse" => Self::Refuse, "accept" => Self::Accept });
words!(Sandbox { "auto" => Self::Auto, "require" => Self::Require, "off" => Self::Off });
words!(LogLevel { "error" => Self::Error, "warning" => Self::Warning, "info" => Self::Info, "debug" => Self::Debug }
    also { "warn" => "warning", "critical" => "error" });
words!(SuiteOrder { "auto" => Self::Auto, "client" => Self::Client, "server" => Self::Server });
words!(Coding { "zstd" => Self::Zstandard, "br" => Self::Brotli, "gzip" => Self::Gzip }
    also { "brotli" => "br", "zstandard" => "zstd" });
words!(ReplacedPages { "none" => Self::None, "empty" => Self::Empty, "all" => Self::All });
words!(LogFormat { "text" => Self::Text, "json" => Self::Json });
words!(AccessLogFormat { "combined" => Self::Combined, "json" => Self::Json });

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, bool)>) {
        let read = Reference::read(text).ok();
        assert_eq!(read.as_ref().map(|it| (it.target.as_str(), it.is_call)), expect, "{text:?}");
    }

    #[test]
    fn application_references_are_split() {
        check("app:app", Some(("app:app", false)));
        check("app.py", Some(("app.py", false)));
        check("pkg.mod:create_app()", Some(("pkg.mod:create_app", true)));
        check("", None);
        check("()", None);
        check(":app", None);
        check("app:", None);
    }

    #[test]
    fn words_are_read_in_any_case() {
        assert_eq!(LogLevel::read("WARN"), Ok(LogLevel::Warning));
        assert!(Lifespan::read("maybe").is_err());
        assert_eq!(Some(Interface::Asgi).write(), "asgi");
    }
}
