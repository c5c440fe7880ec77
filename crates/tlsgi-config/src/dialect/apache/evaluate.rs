//! From files to what counts: includes, variables, and the sections that ask for modules, definitions and versions.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::Input;
use super::parse::{Directive, parse};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::glob::matches;
use crate::origin::Origin;

/// Files that include each other.
const DEEPEST: usize = 16;
/// Directives altogether.
const MOST: usize = 50_000;
/// Files and directories that are looked at altogether.
const MOST_LOOKS: usize = 5_000;
/// The version that `IfVersion` is told.
const VERSION: [u32; 3] = [2, 4, 63];

/// Modules whose work is done here or needs no doing. Others count as absent.
const MODULES: [&str; 46] = [
    "access_compat",
    "actions",
    "alias",
    "auth_basic",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_host",
    "authz_user",
    "autoindex",
    "brotli",
    "cache",
    "deflate",
    "dir",
    "env",
    "expires",
    "filter",
    "headers",
    "http2",
    "include",
    "log_config",
    "logio",
    "mime",
    "mime_magic",
    "negotiation",
    "proxy",
    "proxy_http",
    "proxy_http2",
    "proxy_uwsgi",
    "proxy_wstunnel",
    "remoteip",
    "reqtimeout",
    "rewrite",
    "setenvif",
    "slotmem_shm",
    "so",
    "socache_shmcb",
    "ssl",
    "status",
    "substitute",
    "unixd",
    "userdir",
    "version",
    "vhost_alias",
    "watchdog",
    "wsgi",
];

/// What was found, in order, without the sections that were evaluated.
pub(super) struct Evaluated {
    pub(super) directives: Vec<Directive>,
    /// `ServerRoot`, else the directory of the first file.
    pub(super) root: PathBuf,
}

/// Reads files and what they include.
pub(super) fn evaluate(
    input: &Input<'_>,
    files: &[PathBuf],
    root: Option<PathBuf>,
    defined: Vec<String>,
    told: &mut Diagnostics,
) -> Evaluated {
    let beside = files.first().and_then(|file| file.parent()).unwrap_or(input.directory).to_owned();
    let root = root.unwrap_or(beside);
    let mut evaluator = Evaluator {
        input,
        defined: defined.into_iter().map(|name| (name, String::new())).collect(),
        // Debian's apachectl reads its variables from there.
        variables: input.files.read(&root.join("envvars")).map(|text| exported(&text)).unwrap_or_default(),
        root,
        told,
        count: 0,
        looks: Cell::new(0),
        is_tired: false,
    };
    let mut directives = Vec::new();
    for file in files {
        evaluator.file(file, &Origin::Flag(file.display().to_string()), 0, &mut directives);
    }
    Evaluated { directives, root: evaluator.root }
}

struct Evaluator<'a> {
    input: &'a Input<'a>,
    defined: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    root: PathBuf,
    told: &'a mut Diagnostics,
    count: usize,
    looks: Cell<usize>,
    /// It was told that there are too many files.
    is_tired: bool,
}

impl Evaluator<'_> {
    fn tell(&mut self, message: impl Into<String>, origin: &Origin) {
        self.told.push(Diagnostic::error(message).at(origin));
    }

    /// Takes one look at the file system, if there is one left.
    fn may_look(&self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.looks.get() <= MOST_LOOKS
    }

    fn file(&mut self, path: &Path, asked: &Origin, depth: usize, into: &mut Vec<Directive>) {
        if !self.may_look() {
            if !std::mem::replace(&mut self.is_tired, true) {
                self.tell(format!("more than {MOST_LOOKS} files and directories are included"), asked);
            }
            return;
        }
        if depth >= DEEPEST {
            // Nothing more is included: files that lead back to themselves would say the same without end.
            if !std::mem::replace(&mut self.is_tired, true) {
                self.tell(format!("files include each other more than {DEEPEST} deep"), asked);
            }
            return;
        }
        match self.input.files.read(path) {
            Ok(text) => {
                let parsed = parse(path, &text, self.told);
                self.all(parsed, depth, into);
            }
            Err(error) => self.tell(format!("cannot read {}: {error}", path.display()), asked),
        }
    }

    fn all(&mut self, directives: Vec<Directive>, depth: usize, into: &mut Vec<Directive>) {
        for directive in directives {
            self.count += 1;
            if self.count > MOST {
                if self.count == MOST + 1 {
                    self.tell(format!("there are more than {MOST} directives"), &directive.origin);
                }
                return;
            }
            self.one(directive, depth, into);
        }
    }

    fn one(&mut self, mut directive: Directive, depth: usize, into: &mut Vec<Directive>) {
        for argument in &mut directive.arguments {
            *argument = self.expand(argument);
        }
        if directive.argument(0) == "~" && directive.children.is_some() {
            // `<Location ~ PATTERN>` is `<LocationMatch PATTERN>`.
            directive.name.push_str("Match");
            directive.arguments.remove(0);
        }
        let first = directive.argument(0).to_owned();
        let condition = match directive.name.to_ascii_lowercase().as_str() {
            "ifmodule" => Some(negated(&first, has_module)),
            "ifdefine" => Some(negated(&first, |name| self.defined.contains_key(name))),
            "iffile" => Some(negated(&first, |name| self.input.files.read(&self.root.join(name)).is_ok())),
            "ifdirective" | "ifsection" => Some(negated(&first, |_| true)),
            "ifversion" => Some(is_version(&directive)),
            "include" | "includeoptional" => {
                let is_optional = directive.is("IncludeOptional");
                self.include(&first, is_optional, &directive.origin, depth, into);
                return;
            }
            "define" => {
                self.defined.insert(first, directive.argument(1).to_owned());
                return;
            }
            "undefine" => {
                self.defined.remove(&first);
                return;
            }
            "serverroot" => {
                self.root = self.input.directory.join(&first);
                return;
            }
            "error" => {
                self.tell(
                    format!("the configuration says: {}", directive.arguments.join(" ").escape_debug()),
                    &directive.origin,
                );
                return;
            }
            _ => None,
        };
        match condition {
            Some(true) => self.all(directive.children.unwrap_or_default(), depth, into),
            Some(false) => {}
            None => {
                if let Some(children) = directive.children.take() {
                    let mut inside = Vec::new();
                    self.all(children, depth, &mut inside);
                    directive.children = Some(inside);
                }
                into.push(directive);
            }
        }
    }

    fn include(&mut self, pattern: &str, is_optional: bool, origin: &Origin, depth: usize, into: &mut Vec<Directive>) {
        if self.is_tired {
            return;
        }
        let full = self.root.join(pattern);
        let has_pattern = pattern.contains(['*', '?']);
        let paths = if has_pattern { self.glob(&full) } else { self.below(&full, depth) };
        if paths.is_empty() && !has_pattern {
            // Neither a file nor a directory with files: `file` says why, unless it may be missing.
            if !is_optional {
                self.file(&full, origin, depth + 1, into);
            }
            return;
        }
        if paths.is_empty() && !is_optional && !has_pattern {
            self.tell(format!("`Include` finds nothing at {}", full.display()), origin);
        }
        for path in paths {
            self.file(&path, origin, depth + 1, into);
        }
        if self.looks.get() > MOST_LOOKS && !std::mem::replace(&mut self.is_tired, true) {
            self.tell(format!("more than {MOST_LOOKS} files and directories are included"), origin);
        }
    }

    /// A file, or the files of a directory and of those in it, as deep as files may include each other: a link may lead back.
    fn below(&self, path: &Path, depth: usize) -> Vec<PathBuf> {
        if !self.may_look() {
            return Vec::new();
        }
        let names = if depth < DEEPEST { self.input.files.list(path) } else { Vec::new() };
        if names.is_empty() {
            return if self.input.files.read(path).is_ok() { vec![path.to_owned()] } else { Vec::new() };
        }
        names.iter().flat_map(|name| self.below(&path.join(name), depth + 1)).take(1_000).collect()
    }

    /// Patterns may stand in every part of the path.
    fn glob(&self, pattern: &Path) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        for part in pattern {
            let text = part.to_string_lossy();
            if !text.contains(['*', '?']) {
                for path in &mut found {
                    path.push(part);
                }
                continue;
            }
            let names = |path: &PathBuf| {
                let names = self.input.files.list(path).into_iter();
                let names =
                    names.filter(|name| matches(&text, name) && (!name.starts_with('.') || text.starts_with('.')));
                names.map(|name| path.join(name)).collect::<Vec<_>>()
            };
            found = found.iter().flat_map(names).take(1_000).collect();
        }
        found.retain(|path| self.may_look() && self.input.files.read(path).is_ok());
        found
    }

    /// `${NAME}`, of `Define` or of the environment; what is neither stays as it is.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            expanded.push_str(before);
            let value = behind.split_once('}').and_then(|(name, after)| {
                let value = self.defined.get(name).or_else(|| self.input.environment.get(name));
                let value = value.or_else(|| self.variables.get(name))?;
                Some((value, after))
            });
            match value {
                Some((value, after)) => {
                    expanded.push_str(value);
                    rest = after;
                }
                None => {
                    expanded.push_str("${");
                    rest = behind;
                }
            }
        }
        expanded.push_str(rest);
        expanded
    }
}

/// `export NAME=VALUE` of a shell file; `$SUFFIX` is for several servers on one machine, and empty.
fn exported(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
    let plain = |value: &str| value.replace("$SUFFIX", "").trim_matches(['"', '\'']).to_owned();
    lines
        .map(|(name, value)| (name.trim().to_owned(), plain(value)))
        .filter(|(_, value)| !value.contains(['$', '`']))
        .collect()
}

fn negated(text: &str, holds: impl Fn(&str) -> bool) -> bool {
    match text.strip_prefix('!') {
        Some(name) => !holds(name),
        None => holds(text),
    }
}

/// `mod_ssl.c`, `ssl_module`.
fn has_module(name: &str) -> bool {
    let bare = name.strip_suffix("_module").unwrap_or(name);
    let bare = bare.strip_prefix("mod_").unwrap_or(bare);
    MODULES.contains(&bare.strip_suffix(".c").unwrap_or(bare))
}

/// `>= 2.4`, `2.4`, `!< 2.4`; patterns count as a match.
fn is_version(directive: &Directive) -> bool {
    let (operator, version) = match directive.arguments.as_slice() {
        [version] => ("=", version.as_str()),
        [operator, version, ..] => (operator.as_str(), version.as_str()),
        [] => return true,
    };
    let (is_negated, operator) = operator.strip_prefix('!').map_or((false, operator), |operator| (true, operator));
    let mut wanted = [0_u32; 3];
    for (place, number) in wanted.iter_mut().zip(version.split('.')) {
        *place = number.parse().unwrap_or(0);
    }
    let holds = match operator {
        "=" | "==" => VERSION == wanted,
        ">" => VERSION > wanted,
        ">=" => VERSION >= wanted,
        "<" => VERSION < wanted,
        "<=" => VERSION <= wanted,
        _ => true,
    };
    holds != is_negated
}
