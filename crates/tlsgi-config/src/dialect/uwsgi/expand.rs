//! How uWSGI gets from its words to its settings: files, placeholders, `for` and `if`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::Input;
use super::source;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::Origin;

/// Most settings that files and cycles may make.
const MOST_SETTINGS: usize = 10_000;
/// Longest value, placeholders replaced.
const LONGEST_VALUE: usize = 1 << 20;
/// Files that may load each other.
const DEEPEST: usize = 16;
/// Files that are loaded altogether.
const MOST_FILES: usize = 500;
/// Placeholders in one value.
const MOST_PLACEHOLDERS: usize = 1_000;

/// One option with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name, without dashes.
    pub(super) key: String,
    /// What was written behind it.
    pub(super) value: Option<String>,
    /// Where.
    pub(super) origin: Origin,
    /// The placeholders that its value had.
    pub(super) uses: Vec<String>,
}

impl Setting {
    /// A setting as it was written.
    pub(super) fn new(key: String, value: Option<String>, origin: Origin) -> Self {
        Self { key, value, origin, uses: Vec::new() }
    }

    /// Whether a switch is on: it is unless something says that it is not.
    pub(super) fn is_on(&self) -> bool {
        !matches!(self.value.as_deref().map(str::to_ascii_lowercase).as_deref(), Some("false" | "0" | "no" | "off"))
    }
}

/// A condition or a cycle that is open.
struct Logic {
    kind: Kind,
    argument: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With the words to put in for `%(_)`.
    For,
    ForTimes,
    ForReadline,
    ForGlob,
    /// Whether it holds when the fact is there.
    Opt(bool),
    Env(bool),
    Exists(bool),
    File(bool),
    Directory(bool),
    Reload(bool),
    Else,
}

/// Collects settings.
pub(super) struct Engine<'a> {
    input: &'a Input<'a>,
    settings: Vec<Setting>,
    told: Diagnostics,
    logic: Option<Logic>,
    has_failed: bool,
    depth: usize,
    loaded: usize,
    is_full: bool,
}

impl<'a> Engine<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        Self {
            input,
            settings: Vec::new(),
            told: Diagnostics::default(),
            logic: None,
            has_failed: false,
            depth: 0,
            loaded: 0,
            is_full: false,
        }
    }

    /// A word without an option: a file, or the application.
    pub(super) fn positional(&mut self, text: &str) {
        let origin = Origin::Flag(text.to_owned());
        let file = text.rsplit_once(':').map_or(text, |(file, _)| file);
        let ends = |ending: &str| text.ends_with(ending) || file.ends_with(ending);
        if let Some(key) = source::FORMATS.iter().find(|(ending, _)| ends(ending)).map(|(_, key)| *key) {
            self.add(Setting::new(key.to_owned(), Some(text.to_owned()), origin));
            return;
        }
        let (module, callable) = text.split_once(':').map_or((text, None), |(module, name)| (module, Some(name)));
        if module.ends_with(".py") || module.ends_with(".wsgi") && !module.contains(':') {
            self.add(Setting::new("wsgi-file".to_owned(), Some(module.to_owned()), origin.clone()));
            if let Some(name) = callable {
                self.add(Setting::new("callable".to_owned(), Some(name.to_owned()), origin));
            }
        } else if callable.is_some() {
            self.add(Setting::new("module".to_owned(), Some(text.to_owned()), origin));
        } else {
            let told = Diagnostic::error(format!("unexpected argument `{}`", text.escape_debug()));
            self.told.push(told.hint("an application is `FILE.py`, `FILE.wsgi` or `MODULE:NAME`; a configuration is `FILE.ini`, `.xml`, `.yaml` or `.json`"));
        }
    }

    /// Takes one option: keeps it, or does what it says at once.
    pub(super) fn add(&mut self, setting: Setting) {
        let key = setting.key.as_str();
        if matches!(key, "end" | "endfor" | "endif" | "end-if" | "end-for") {
            self.logic = None;
            self.has_failed = false;
            return;
        }
        if key == "else" {
            self.logic = Some(Logic { kind: Kind::Else, argument: String::new() });
            return;
        }
        if self.logic.is_some() {
            self.add_under_logic(&setting);
            return;
        }
        self.take(setting);
    }

    fn take(&mut self, setting: Setting) {
        if self.settings.len() >= MOST_SETTINGS {
            if !self.is_full {
                let told = Diagnostic::error(format!("there are more than {MOST_SETTINGS} settings"));
                self.told.push(told.at(&setting.origin));
            }
            self.is_full = true;
            return;
        }
        let value = setting.value.clone().unwrap_or_default();
        let told_at = setting.origin.clone();
        match setting.key.as_str() {
            "ini" | "include" | "inherit" | "xml" | "xmlconfig" | "yaml" | "yml" | "json" | "js" | "config" => {
                let (value, _) = self.expanded(&value, &told_at);
                self.load(&setting.key, &value, &told_at);
            }
            "set" | "set-placeholder" | "set-ph" => match value.split_once('=') {
                Some((key, value)) => {
                    self.settings.push(Setting::new(key.to_owned(), Some(value.to_owned()), told_at));
                }
                None => {
                    let told = Diagnostic::invalid(&setting.key, &value, "expected `NAME=VALUE`");
                    self.told.push(told.at(&told_at));
                }
            },
            key => match logic(key) {
                Some(kind) => {
                    let (argument, _) = self.expanded(&value, &told_at);
                    self.logic = Some(Logic { kind, argument });
                    self.has_failed = false;
                }
                None => self.settings.push(setting),
            },
        }
    }

    fn add_under_logic(&mut self, setting: &Setting) {
        let Some(Logic { kind, argument }) = &self.logic else { return };
        let (kind, argument) = (*kind, argument.clone());
        let (name, wanted) =
            argument.split_once('=').map_or((argument.as_str(), None), |(name, value)| (name, Some(value)));
        let found = |value: Option<String>, is: bool| {
            let holds = value.as_ref().is_some_and(|value| wanted.is_none_or(|wanted| wanted == value));
            if holds == is { vec![value.unwrap_or_default()] } else { Vec::new() }
        };
        let path = |holds: bool, is: bool| if holds == is { vec![argument.clone()] } else { Vec::new() };
        let files = self.input.files;
        let full = self.input.directory.join(&argument);
        let is_file = || files.read(&full).is_ok();
        let is_directory = || self.is_directory(&full);
        let words: Vec<String> = match kind {
            Kind::For => argument.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            Kind::ForTimes => {
                let count = argument.trim().parse::<usize>().unwrap_or(0).min(MOST_SETTINGS);
                (1..=count).map(|number| number.to_string()).collect()
            }
            Kind::ForReadline => {
                let text = files.read(&full).unwrap_or_default();
                text.lines().take(MOST_SETTINGS).map(str::to_owned).collect()
            }
            Kind::ForGlob => source::glob(self.input, &argument),
            Kind::Opt(is) => {
                let setting = self.settings.iter().find(|setting| setting.key == name);
                found(setting.map(|setting| setting.value.clone().unwrap_or_default()), is)
            }
            Kind::Env(is) => found(self.input.environment.get(name).cloned(), is),
            Kind::Exists(is) => path(is_file() || is_directory(), is),
            Kind::File(is) => path(is_file(), is),
            Kind::Directory(is) => path(is_directory(), is),
            // What is read again on a reload is read as at the start.
            Kind::Reload(is) => path(false, is),
            Kind::Else => path(self.has_failed, true),
        };
        if !matches!(kind, Kind::Else | Kind::For | Kind::ForTimes | Kind::ForReadline | Kind::ForGlob) {
            self.has_failed = words.is_empty();
        }
        for word in words {
            let value = setting
                .value
                .as_ref()
                .map(|value| if kind == Kind::Else { value.clone() } else { value.replace("%(_)", &word) });
            self.take_plain(Setting { value, ..setting.clone() });
        }
    }

    /// What a condition lets through is never a condition itself, as there.
    fn take_plain(&mut self, setting: Setting) {
        let open = self.logic.take();
        let is_logic = logic(&setting.key).is_some();
        if is_logic {
            let message = format!("`{}` inside of another condition", setting.key);
            self.told.push(Diagnostic::error(message).hint("uWSGI nests them not either").at(&setting.origin));
        } else {
            self.take(setting);
        }
        self.logic = open;
    }

    fn is_directory(&self, path: &Path) -> bool {
        !self.input.files.list(path).is_empty()
    }

    fn load(&mut self, key: &str, name: &str, origin: &Origin) {
        if self.loaded > MOST_FILES {
            return;
        }
        if self.depth >= DEEPEST {
            // Nothing more is loaded: files that lead back to themselves would say the same without end.
            self.loaded = MOST_FILES + 1;
            let told = Diagnostic::error(format!("`{key}`: files load each other more than {DEEPEST} deep"));
            self.told.push(told.at(origin));
            return;
        }
        self.loaded += 1;
        if self.loaded > MOST_FILES {
            let told = Diagnostic::error(format!("`{key}`: more than {MOST_FILES} files are loaded"));
            self.told.push(told.at(origin));
            return;
        }
        let (file, section) = source::split(name);
        if name.contains("://") || file == "-" {
            let told = Diagnostic::error(format!("`{key}` cannot be done: configuration is read from files only"));
            self.told.push(told.at(origin));
            return;
        }
        let path: PathBuf = match origin {
            // `:section` is another section of the same file.
            Origin::File(at) if file.is_empty() => at.file.as_path().to_owned(),
            _ => self.input.directory.join(file.strip_prefix("./").unwrap_or(file)),
        };
        let text = match self.input.files.read(&path) {
            Ok(text) => text,
            Err(error) => {
                let told = Diagnostic::error(format!("cannot read {}: {error}", path.display()));
                self.told.push(told.at(origin));
                return;
            }
        };
        let format = source::format(key, file);
        let (found, told) = source::read(format, &path, &text, section.unwrap_or("uwsgi"), &magic(&path, section));
        self.told.extend(told);
        self.depth += 1;
        let open = self.logic.take();
        for setting in found {
            self.add(setting);
        }
        self.logic = open;
        self.depth -= 1;
    }

    /// Replaces the placeholders of every value.
    pub(super) fn finish(mut self, told: &mut Diagnostics) -> Vec<Setting> {
        for at in 0..self.settings.len() {
            let Some(value) = self.settings[at].value.clone() else { continue };
            let origin = self.settings[at].origin.clone();
            let (value, uses) = self.expanded(&value, &origin);
            self.settings[at].value = Some(value);
            self.settings[at].uses = uses;
        }
        told.extend(self.told);
        self.settings
    }

    /// Variables first, then files, then other options, as there; with the names of the last. What stands for nothing stays as it is.
    fn expanded(&mut self, text: &str, origin: &Origin) -> (String, Vec<String>) {
        let mut text = text.to_owned();
        let mut uses = Vec::new();
        for mark in ["$(", "@(", "%("] {
            let mut from = 0;
            let mut count = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find(mark)).map(|at| from + at) {
                let Some(length) = text[at..].find(')') else { break };
                let name = text[at + 2..at + length].to_owned();
                let value = match mark {
                    "$(" => self.variable(&name),
                    "@(" => self.file(&name, origin),
                    _ => {
                        uses.extend(name.split(' ').map(str::to_owned));
                        self.placeholder(&name)
                    }
                };
                let Some(value) = value else {
                    from = at + 2;
                    continue;
                };
                count += 1;
                if count > MOST_PLACEHOLDERS || text.len() + value.len() > LONGEST_VALUE {
                    self.tell_endless(origin);
                    return (String::new(), uses);
                }
                text.replace_range(at..=at + length, &value);
                from = 0;
            }
        }
        (text, uses)
    }

    fn tell_endless(&mut self, origin: &Origin) {
        let told = Diagnostic::error("a value refers to itself, or is too long");
        let most = format!("it has at most {MOST_PLACEHOLDERS} placeholders and {LONGEST_VALUE} bytes");
        self.told.push(told.hint(most).at(origin));
    }

    /// `NAME`, `NAME-DEFAULT` where it may be unset, `NAME:-DEFAULT` where it may be empty.
    fn variable(&self, text: &str) -> Option<String> {
        let found = |name: &str| self.input.environment.get(name).cloned();
        if let Some((name, default)) = text.split_once(":-") {
            return found(name).filter(|value| !value.is_empty()).or_else(|| Some(default.to_owned()));
        }
        match text.split_once('-') {
            Some((name, default)) => found(name).or_else(|| Some(default.to_owned())),
            None => found(text),
        }
    }

    fn file(&mut self, name: &str, origin: &Origin) -> Option<String> {
        if name.contains("://") {
            let message = format!("`@({name})` cannot be done: reading a configuration runs nothing and asks nobody");
            self.told.push(Diagnostic::error(message).at(origin));
            return None;
        }
        let path = self.input.directory.join(name);
        match self.input.files.read(&path) {
            Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
            Err(error) => {
                let told = Diagnostic::error(format!("cannot read {}: {error}", path.display()));
                self.told.push(told.at(origin));
                None
            }
        }
    }

    /// One option; or words one after the other, with `+`, `-`, `*` and `/` between two, `++` and `--` behind one.
    fn placeholder(&self, text: &str) -> Option<String> {
        let option = |name: &str| {
            let setting = self.settings.iter().find(|setting| setting.key == name);
            setting.map(|setting| setting.value.clone().unwrap_or_default())
        };
        if !text.contains(' ') {
            return option(text);
        }
        let number = |text: &str| text.trim().parse::<i64>().unwrap_or(0);
        let mut value = String::new();
        let mut operator: Option<&str> = None;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "+" | "-" | "*" | "/" => operator = Some(word),
                "++" => value = number(&value).wrapping_add(1).to_string(),
                "--" => value = number(&value).wrapping_sub(1).to_string(),
                word => {
                    let is_number = word.bytes().all(|b| b.is_ascii_digit());
                    let operand = if is_number { word.to_owned() } else { option(word).unwrap_or_default() };
                    let (one, other) = (number(&value), number(&operand));
                    value = match operator.take() {
                        None => value + &operand,
                        Some("+") => one.wrapping_add(other).to_string(),
                        Some("-") => one.wrapping_sub(other).to_string(),
                        Some("*") => one.wrapping_mul(other).to_string(),
                        Some(_) => one.checked_div(other).unwrap_or(0).to_string(),
                    };
                    if value.len() > LONGEST_VALUE {
                        break;
                    }
                }
            }
        }
        Some(value)
    }
}

fn logic(key: &str) -> Option<Kind> {
    Some(match key {
        "for" => Kind::For,
        "for-times" => Kind::ForTimes,
        "for-readline" => Kind::ForReadline,
        "for-glob" => Kind::ForGlob,
        "if-opt" => Kind::Opt(true),
        "if-not-opt" => Kind::Opt(false),
        "if-env" | "ifenv" => Kind::Env(true),
        "if-not-env" => Kind::Env(false),
        "if-exists" | "ifexists" => Kind::Exists(true),
        "if-not-exists" => Kind::Exists(false),
        "if-file" => Kind::File(true),
        "if-not-file" => Kind::File(false),
        "if-dir" | "ifdir" | "if-directory" => Kind::Directory(true),
        "if-not-dir" => Kind::Directory(false),
        "if-reload" => Kind::Reload(true),
        "if-not-reload" => Kind::Reload(false),
        _ => return None,
    })
}

/// What `%d` and its kin stand for in a file.
fn magic(path: &Path, section: Option<&str>) -> BTreeMap<char, String> {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut magic = BTreeMap::from([
        ('%', "%".to_owned()),
        ('(', "%(".to_owned()),
        ('o', path.display().to_string()),
        ('p', path.display().to_string()),
        ('s', text(path.file_name())),
        ('d', format!("{}/", directory.display().to_string().trim_end_matches('/'))),
        ('e', text(path.extension())),
        ('n', text(path.file_stem())),
        ('c', text(directory.file_name())),
        ('x', section.unwrap_or_default().to_owned()),
    ]);
    let parts = directory.iter().filter(|part| *part != "/");
    for (digit, part) in ('0'..='9').zip(parts) {
        magic.insert(digit, part.to_string_lossy().into_owned());
    }
    for (upper, lower) in
        ['O', 'P', 'S', 'D', 'E', 'N', 'C', 'X'].into_iter().zip(['o', 'p', 's', 'd', 'e', 'n', 'c', 'x'])
    {
        let value = magic[&lower].clone();
        magic.insert(upper, value);
    }
    magic
}
