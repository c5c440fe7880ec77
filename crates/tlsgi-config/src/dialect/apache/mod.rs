//! Apache with mod_wsgi: configuration files with virtual hosts.

mod access;
mod auth;
mod compress;
mod daemon;
mod document;
mod evaluate;
mod fragment;
mod headers;
mod host;
mod listen;
mod options;
mod pages;
mod parse;
pub(super) mod proxy;
mod redirect;
mod site;
mod tls;
mod variable;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::argv::{self, Style, Word};
use super::draft::{Draft, Drafting};
use super::entry::{Entry, Given, Section, option};
use super::{Dialect, Input, Outcome, entry, page};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::origin::Origin;
pub(super) use fragment::fragment;
use parse::Directive;

/// The dialect.
pub(super) static DIALECT: Dialect = Dialect {
    name: "apache",
    original: "Apache 2.4.63 and mod_wsgi 6.0.5",
    usage: "FILE... [-D NAME] [-d SERVER-ROOT]",
    about: "Serve as Apache with mod_wsgi does, from its configuration",
    notes: NOTES,
    rows: || entry::rows(options::TABLE).into_iter().chain(daemon::rows()).collect(),
    translate,
};

const NOTES: &str = "\
FILE is one virtual host's file or the whole `apache2.conf`; what it includes is read too. Relative paths begin at `ServerRoot` (`-d`), else at the
directory of the first file. `<IfModule>` asks whether the module's work is done here; `<IfVersion>` is told 2.4.63. Where no `Listen` is there,
the ports are those of the virtual hosts.

* Virtual hosts of one `ServerName` are one site, reached over plain HTTP and HTTPS, with one pool: one copy of the application. Two
  `WSGIDaemonProcess` for the same site are two copies there; here the one of the HTTPS host is used, and the other is pointed out.
* A virtual host on a plain port that redirects to https is the redirect of plain HTTP: 301, or 308 where the method must stay.
* A script has a pool of its own, of the size that its `WSGIDaemonProcess` says. Scripts that share a process group there have
  processes of their own here: the main interpreter belongs to one application.
* Started by root without a `User`, as with the file of a single host, the application runs as the distribution's user (`APACHE_RUN_USER`,
  else `www-data`, `apache` or `http`, where there is one). Where that user cannot reach the application it runs as root, with a warning.
* Names that no virtual host has get 421, where Apache serves the first virtual host.
* Access rules are obeyed or refused: `Require all granted` and `denied`, `Require ssl`, client certificates. An address, a user or an expression is
  refused, and nothing is served until the rule is gone or moved elsewhere. Rules for directories that nothing is served from change
  nothing.
* `SSLVerifyClient` in a `<Location>` asks in the first handshake and answers 403 in HTTP; over plain HTTP too.";

/// What has been read.
#[derive(Debug, Default)]
struct Apache {
    draft: Draft,
    /// Where relative paths begin.
    root: PathBuf,
    /// As whom the distribution's Apache runs.
    usual_user: Option<String>,
    /// What `PassEnv` takes from.
    environment: BTreeMap<String, String>,
    /// Who says in which fields proxies are believed.
    believed: Option<Given>,
}

impl Drafting for Apache {
    fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }
}

impl Apache {
    fn path(&self, text: &str) -> String {
        self.root.join(text).to_string_lossy().into_owned()
    }

    fn refuse(&mut self, directive: &Directive, reason: &str) {
        self.draft.tell_once(entry::refusal(&given(directive), reason));
    }

    fn warn(&mut self, directive: &Directive, how: &str) {
        self.draft.tell_once(entry::difference(&given(directive), how));
    }

    fn invalid(&mut self, directive: &Directive, reason: &str) {
        let text = directive.arguments.join(" ");
        self.draft.tell(Diagnostic::invalid(&directive.name, &text, reason).at(&directive.origin));
    }
}

/// A directive as what an option is when it was written.
fn given(directive: &Directive) -> Given {
    let values = directive.arguments.clone();
    Given { name: directive.name.clone(), values, origin: directive.origin.clone() }
}

/// httpd's own flags, as far as they matter for a configuration.
static FLAGS: &[Section<Draft>] =
    &[Section { title: "Flags", entries: &[option(&["-D"], "NAME"), option(&["-d"], "DIR"), option(&["-f"], "FILE")] }];

fn translate(input: &Input<'_>) -> (Outcome, Diagnostics) {
    if input.arguments.iter().any(|word| word == "--help" || word == "-h") {
        return (Outcome::Print(page::help(&DIALECT)), Diagnostics::default());
    }
    let mut told = Diagnostics::default();
    let (mut files, mut defined, mut root) = (Vec::new(), Vec::new(), None);
    for word in argv::read(FLAGS, Style::CLICK, input.arguments, &mut told) {
        match word {
            Word::Option(Entry { names: ["-D"], .. }, given) => defined.push(given.value().to_owned()),
            Word::Option(Entry { names: ["-d"], .. }, given) => root = Some(input.directory.join(given.value())),
            Word::Option(_, given) => files.push(input.directory.join(given.value())),
            Word::Positional(text) => files.push(input.directory.join(text.strip_prefix("./").unwrap_or(&text))),
        }
    }
    if files.is_empty() && !told.has_errors() {
        let told_none = Diagnostic::error("no configuration file is named");
        told.push(told_none.hint("`tlsgi apache /etc/apache2/sites-enabled/example.conf`"));
    }
    let mut evaluated = evaluate::evaluate(input, &files, root, defined, &mut told);
    proxy::lists(input, &evaluated.root, &mut evaluated.directives, &mut told);
    let mut state = Apache { root: evaluated.root, environment: input.environment.clone(), ..Apache::default() };
    state.usual_user = usual_user(input);
    state.draft.told = told;
    if !files.is_empty() {
        host::build(&mut state, &evaluated.directives);
    }
    if let Some(given) = state.believed.clone().filter(|_| !state.draft.has("trusted-proxy")) {
        let told =
            entry::refusal(&given, "it says in which fields proxies are believed, and nothing names the proxies");
        state
            .draft
            .tell(told.hint("`WSGITrustedProxies` or `RemoteIPTrustedProxy`; without, Apache believes everybody"));
    }
    state.draft.default("interface", "wsgi");
    let told = std::mem::take(&mut state.draft.told);
    (Outcome::Serve(Box::new(state.draft.document())), told)
}

/// What `envvars` of a Debian says, else the first of the users that distributions have for it.
fn usual_user(input: &Input<'_>) -> Option<String> {
    if let Some(user) = input.environment.get("APACHE_RUN_USER").filter(|user| !user.is_empty()) {
        return Some(user.clone());
    }
    let users = input.files.read(Path::new("/etc/passwd")).unwrap_or_default();
    let has = |name: &str| users.lines().any(|line| line.split(':').next() == Some(name));
    ["www-data", "apache", "http", "_apache", "wwwrun"].into_iter().find(|name| has(name)).map(str::to_owned)
}

/// The last one of a name among these, not inside of sections.
fn last<'a>(directives: &'a [Directive], name: &str) -> Option<&'a Directive> {
    directives.iter().rev().find(|directive| directive.is(name))
}

/// All of a name among these, not inside of sections.
fn every<'a>(directives: &'a [Directive], name: &'a str) -> impl Iterator<Item = &'a Directive> {
    directives.iter().filter(move |directive| directive.is(name))
}

fn is_on(directive: &Directive) -> bool {
    directive.argument(0).eq_ignore_ascii_case("on")
}

/// Whether a URL or file path is this prefix or below it.
fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Looks a directive up in the table, and does what stands there.
fn inspect(state: &mut Apache, directive: &Directive) {
    match entry_of(directive) {
        Some(entry) => entry.apply(state, &given(directive)),
        None => {
            let told = argv::unknown(options::TABLE, "directive", &written(directive));
            state.draft.tell(told.at(&directive.origin));
        }
    }
}

fn entry_of(directive: &Directive) -> Option<&'static Entry<Apache>> {
    let wanted = written(directive);
    let mut entries = options::TABLE.iter().flat_map(|section| section.entries);
    entries.find(|entry| entry.names.iter().any(|name| name.eq_ignore_ascii_case(&wanted)))
}

/// Its name as the table has it.
fn written(directive: &Directive) -> String {
    if directive.children.is_some() { format!("<{}>", directive.name) } else { directive.name.clone() }
}

/// What stands here is understood where hosts, pools and sites are made.
fn later(_: &mut Apache, _: &Given) {}

/// The place of something that nobody wrote.
fn nowhere() -> Origin {
    Origin::Default
}
