//! The server's own log, on stderr, for supervisor and front alike.

use std::fmt::{self, Write};
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;
use tlsgi_config::config::{Log, LogFormat, LogLevel};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use super::spool::Spool;

static LEVEL: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Sets the log up. Later calls change the level; the form stays as it was.
pub fn init(log: &Log) {
    if let Some(level) = LEVEL.get() {
        // Fails only when the log is gone, and then nobody is there to tell.
        let _ = level.reload(targets(log.level));
        return;
    }
    let (filter, level) = reload::Layer::new(targets(log.level));
    let is_coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = Lines { format: log.format, is_coloured };
    let lines = tracing_subscriber::fmt::layer().event_format(lines).with_writer(output());
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        let _ = LEVEL.set(level);
    }
}

/// Standard error, without waiting for whoever reads it.
fn output() -> BoxMakeWriter {
    match std::io::stderr().as_fd().try_clone_to_owned().map(Spool::new) {
        Ok(spool) => BoxMakeWriter::new(move || spool.clone()),
        Err(_) => BoxMakeWriter::new(std::io::stderr),
    }
}

/// Ours at the wanted level; libraries only when something is wrong, or when everything is asked for.
fn targets(level: LogLevel) -> Targets {
    let (ours, theirs) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
        LogLevel::Warning => (LevelFilter::WARN, LevelFilter::ERROR),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
    };
    Targets::new().with_default(theirs).with_target("tlsgi", ours)
}

/// `2026-11-22T21:00:00.000Z INFO tlsgi::front: message key=value`, or one JSON object.
struct Lines {
    format: LogFormat,
    is_coloured: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (level, target) = (event.metadata().level(), source(event.metadata().target()));
        let time = timestamp(SystemTime::now());
        match self.format {
            LogFormat::Text => {
                let (on, off) = if self.is_coloured { (colour(*level), "\x1b[0m") } else { ("", "") };
                let mut line = Text::default();
                event.record(&mut line);
                writeln!(out, "{time} {on}{level}{off} {target}: {}{}", line.message, line.fields)
            }
            LogFormat::Json => {
                let mut object = Map::new();
                object.insert("time".to_owned(), time.into());
                object.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
                object.insert("target".to_owned(), target.into());
                event.record(&mut Object(&mut object));
                writeln!(out, "{}", Value::Object(object))
            }
        }
    }
}

const fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

/// Crate or part that speaks: `tlsgi_front::tls::signer` is `tlsgi::front`.
fn source(module: &str) -> String {
    let mut parts = module.splitn(3, "::");
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    match (first.strip_prefix("tlsgi_"), second) {
        (Some(part), _) => format!("tlsgi::{part}"),
        (None, Some(second)) if first == "tlsgi" => format!("tlsgi::{second}"),
        (None, _) => first.to_owned(),
    }
}

fn timestamp(time: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    // No time between the years 0 and 9999 fails.
    OffsetDateTime::from(time).format(&format).unwrap_or_default()
}

/// Message and fields of a text line. Control characters are escaped: a value may come from a client or an application.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn add(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            escape(&mut self.message, value, false);
        } else {
            self.fields.push(' ');
            self.fields.push_str(field.name());
            self.fields.push('=');
            escape(&mut self.fields, value, true);
        }
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, &with_sources(value));
    }
}

/// Quotes a value that has spaces or quotes in it, or nothing.
fn escape(out: &mut String, value: &str, may_quote: bool) {
    let wants_quotes = may_quote && (value.is_empty() || value.contains([' ', '"', '=']));
    if wants_quotes {
        out.push('"');
    }
    for character in value.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '"' if wants_quotes => out.push_str("\\\""),
            _ if character.is_control() => {
                // Writing to memory does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    if wants_quotes {
        out.push('"');
    }
}

/// Fields of a JSON line.
struct Object<'a>(&'a mut Map<String, Value>);

impl Visit for Object<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.insert(field.name().to_owned(), with_sources(value).into());
    }
}

fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to memory does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: LogLevel, act: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let lines = tracing_subscriber::fmt::layer()
            .event_format(Lines { format, is_coloured: false })
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(targets(level)).with(lines), act);
        let bytes = memory.0.lock().expect("lock").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn text_line_has_time_level_part_message_and_fields() {
        let line = logged(LogFormat::Text, LogLevel::Info, || {
            let error = io::Error::from(io::ErrorKind::NotFound);
            tracing::warn!(count = 3, name = "a b", %error, path = ?"x\ny", "something\nhappened");
        });
        let (time, rest) = line.split_once(' ').expect("a line");
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        let expect = "WARN tlsgi::front: something\\nhappened count=3 name=\"a b\" error=\"entity not found\" path=\"\\\"x\\ny\\\"\"\n";
        assert_eq!(rest, expect);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        let line = logged(LogFormat::Text, LogLevel::Info, || tracing::info!(evil = "\x1b[2J\r\u{9b}", "\x07"));
        assert!(line.ends_with("tlsgi::front: \\u{7} evil=\\u{1b}[2J\\u{d}\\u{9b}\n"), "{line}");
    }

    #[test]
    fn json_line_is_one_object_with_typed_fields() {
        let line =
            logged(LogFormat::Json, LogLevel::Info, || tracing::info!(count = 3, is_on = true, name = "a\nb", "done"));
        assert_eq!(line.lines().count(), 1);
        let mut object: Map<String, Value> = serde_json::from_str(&line).expect("JSON");
        assert!(object.remove("time").is_some());
        let expect = serde_json::json!({
            "level": "info", "target": "tlsgi::front", "message": "done", "count": 3, "is_on": true, "name": "a\nb",
        });
        assert_eq!(Value::Object(object), expect);
    }

    #[test]
    fn levels_let_through_what_is_asked_for() {
        let speak = || {
            tracing::error!("ours");
            tracing::info!("ours");
            tracing::debug!("ours");
            tracing::warn!(target: "h2::server", "theirs");
            tracing::info!(target: "h2::server", "theirs");
        };
        for (level, lines) in [(LogLevel::Error, 1), (LogLevel::Warning, 1), (LogLevel::Info, 3), (LogLevel::Debug, 5)]
        {
            assert_eq!(logged(LogFormat::Text, level, speak).lines().count(), lines, "{level:?}");
        }
    }

    #[test]
    fn parts_have_short_names() {
        for (module, expect) in [
            ("tlsgi_front::tls::signer", "tlsgi::front"),
            ("tlsgi::supervisor::children", "tlsgi::supervisor"),
            ("tlsgi", "tlsgi"),
            ("h2::server", "h2"),
        ] {
            assert_eq!(source(module), expect);
        }
    }

    #[test]
    fn time_is_utc_with_milliseconds() {
        assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(1_795_381_200_007)), "2026-11-22T21:00:00.007Z");
    }
}
