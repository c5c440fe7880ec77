//! One option: its names, its documentation and the place of its value in a layer.

use crate::layer::Layer;
use crate::origin::{Origin, Said};
use crate::value::{Form, Refusal, Value};

/// Everything there is to know about an option besides its effect.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// `--https-port`; a bare word for a positional.
    pub flag: &'static str,
    /// Placeholder of the value; empty for a switch.
    pub value_name: &'static str,
    /// Text of the default, read like any other value.
    pub default: Option<&'static str>,
    /// The default in words, where it depends on the machine or on other options.
    pub computed: Option<&'static str>,
    /// Other spellings of the flag.
    pub aliases: &'static [&'static str],
    /// Flags without value that say `false` or `none`.
    pub negations: &'static [&'static str],
    /// Shown by `--help`, not only by `--help-all`.
    pub is_common: bool,
    /// May stand in `tlsgi.toml`.
    pub is_in_file: bool,
    /// Lines of documentation; the first says it all.
    pub doc: &'static [&'static str],
    /// Heading.
    pub group: Group,
    /// Kind of its value.
    pub form: Form,
    /// May be given several times.
    pub is_repeatable: bool,
    /// Its place.
    pub slot: fn(&Layer) -> &dyn Slot,
    /// Its place, to write.
    pub slot_mut: fn(&mut Layer) -> &mut dyn Slot,
}

/// Headings of the reference, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Application.
    Application,
    /// Listen.
    Listen,
    /// Certificates.
    Certificates,
    /// TLS.
    Tls,
    /// Client certificates.
    ClientCertificates,
    /// Users and passwords.
    Authentication,
    /// Redirect and HSTS.
    Policy,
    /// Behind a proxy.
    Proxy,
    /// Sites and routes.
    Routes,
    /// Static files.
    Static,
    /// Fields of requests and responses.
    Headers,
    /// Pool.
    Pool,
    /// Limits and deadlines.
    Limits,
    /// WebSocket.
    WebSocket,
    /// Logging.
    Logging,
    /// Process.
    Process,
}

impl Group {
    /// All, in the order of the reference.
    pub const ALL: [Self; 16] = [
        Self::Application,
        Self::Listen,
        Self::Certificates,
        Self::Tls,
        Self::ClientCertificates,
        Self::Authentication,
        Self::Policy,
        Self::Proxy,
        Self::Routes,
        Self::Static,
        Self::Headers,
        Self::Pool,
        Self::Limits,
        Self::WebSocket,
        Self::Logging,
        Self::Process,
    ];

    /// Heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Listen => "Listen",
            Self::Certificates => "Certificates",
            Self::Tls => "TLS",
            Self::ClientCertificates => "Client certificates",
            Self::Authentication => "Users and passwords",
            Self::Policy => "Redirect and HSTS",
            Self::Proxy => "Behind a proxy",
            Self::Routes => "Routes",
            Self::Static => "Static files",
            Self::Headers => "Requests and responses",
            Self::Pool => "Pool",
            Self::Limits => "Limits and deadlines",
            Self::WebSocket => "WebSocket",
            Self::Logging => "Logging",
            Self::Process => "Process",
        }
    }
}

/// What an option is said of. Said of the server, an option of sites or pools is the default of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The server as a whole: top of the file only.
    Server,
    /// A site: also in `[[site]]`.
    Site,
    /// A pool: also in `[pool.NAME]`.
    Pool,
}

impl Group {
    /// What the options under this heading are said of.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Application | Self::Pool => Scope::Pool,
            Self::Certificates
            | Self::Tls
            | Self::ClientCertificates
            | Self::Authentication
            | Self::Policy
            | Self::Routes
            | Self::Static
            | Self::Headers => Scope::Site,
            Self::Listen | Self::Proxy | Self::Limits | Self::WebSocket | Self::Logging | Self::Process => {
                Scope::Server
            }
        }
    }
}

impl Spec {
    /// What it is said of.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.group.scope()
    }

    /// Name without dashes: `https-port`. Also its key in `tlsgi.toml`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.flag.trim_start_matches('-')
    }

    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("TLSGI_{}", self.name().replace('-', "_").to_ascii_uppercase())
    }

    /// Written without a flag.
    #[must_use]
    pub fn is_positional(&self) -> bool {
        !self.flag.starts_with('-')
    }

    /// A flag without value.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        self.form == Form::Switch
    }

    /// The text that its negation says.
    #[must_use]
    pub fn negated(&self) -> &'static str {
        if self.is_switch() { "false" } else { "none" }
    }

    /// The flag to show: of a switch that is on by default, the one that turns it off.
    #[must_use]
    pub fn shown_flag(&self) -> &'static str {
        match (self.default, self.negations) {
            (Some("true"), [negation, ..]) => negation,
            _ => self.flag,
        }
    }

    /// One line of documentation.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.doc.first().map_or("", |line| line.trim())
    }

    /// The rest of the documentation, paragraphs joined.
    #[must_use]
    pub fn details(&self) -> String {
        let mut paragraphs = vec![String::new()];
        for line in self.doc.iter().skip(1).map(|line| line.trim()) {
            match paragraphs.last_mut() {
                Some(paragraph) if !line.is_empty() => {
                    if !paragraph.is_empty() {
                        paragraph.push(' ');
                    }
                    paragraph.push_str(line);
                }
                _ => paragraphs.push(String::new()),
            }
        }
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        paragraphs.join("\n\n")
    }

    /// The default as people read it; none when there is nothing to say.
    #[must_use]
    pub fn default_text(&self) -> Option<&'static str> {
        self.computed.or(self.default).filter(|_| !self.is_switch())
    }
}

/// Starts the description of an option, for the table in `layer.rs`, which adds the rest.
pub(crate) const fn option(flag: &'static str, value_name: &'static str) -> Draft {
    Draft {
        flag,
        value_name,
        default: None,
        computed: None,
        aliases: &[],
        negations: &[],
        is_common: false,
        is_in_file: true,
    }
}

/// The same for a switch, off by default.
pub(crate) const fn switch(flag: &'static str) -> Draft {
    option(flag, "").default("false")
}

/// What the table says about an option with its own words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) flag: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) default: Option<&'static str>,
    pub(crate) computed: Option<&'static str>,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) negations: &'static [&'static str],
    pub(crate) is_common: bool,
    pub(crate) is_in_file: bool,
}

impl Draft {
    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    pub(crate) const fn computed(mut self, words: &'static str) -> Self {
        self.computed = Some(words);
        self
    }

    pub(crate) const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn off(mut self, negations: &'static [&'static str]) -> Self {
        self.negations = negations;
        self
    }

    pub(crate) const fn common(mut self) -> Self {
        self.is_common = true;
        self
    }

    pub(crate) const fn not_in_file(mut self) -> Self {
        self.is_in_file = false;
        self
    }
}

/// The value of a layer's field, whatever its type.
pub trait Slot {
    /// Reads a further value: a list grows, anything else is replaced.
    ///
    /// # Errors
    /// The reason why the text is not such a value.
    fn say(&mut self, text: &str, origin: Origin) -> Result<(), Refusal>;

    /// Texts and origins of what was said.
    fn said(&self) -> Vec<(String, &Origin)>;
}

/// An option that has one value; the last one said counts.
pub type One<T> = Option<Said<T>>;

/// An option that may be repeated.
pub type Many<T> = Vec<Said<T>>;

impl<T: Value> Slot for One<T> {
    fn say(&mut self, text: &str, origin: Origin) -> Result<(), Refusal> {
        *self = Some(Said { value: T::read(text)?, origin });
        Ok(())
    }

    fn said(&self) -> Vec<(String, &Origin)> {
        self.iter().map(|it| (it.value.write(), &it.origin)).collect()
    }
}

impl<T: Value> Slot for Many<T> {
    fn say(&mut self, text: &str, origin: Origin) -> Result<(), Refusal> {
        self.push(Said { value: T::read(text)?, origin });
        Ok(())
    }

    fn said(&self) -> Vec<(String, &Origin)> {
        self.iter().map(|it| (it.value.write(), &it.origin)).collect()
    }
}

/// What the table needs to know of a field's type.
pub(crate) trait Shape {
    const FORM: Form;
    const IS_REPEATABLE: bool;
}

impl<T: Value> Shape for One<T> {
    const FORM: Form = T::FORM;
    const IS_REPEATABLE: bool = false;
}

impl<T: Value> Shape for Many<T> {
    const FORM: Form = T::FORM;
    const IS_REPEATABLE: bool = true;
}
