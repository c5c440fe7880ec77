//! `DocumentRoot`, `DirectoryIndex`, `FallbackResource`: files at the root of a site, where no script answers it.

use super::access::{self, Needs};
use super::host::Host;
use super::parse::Directive;
use super::{Apache, given, last};
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;

/// Says the directory, unless a script or another server answers everything at the root.
pub(super) fn root(state: &mut Apache, at: usize, main: &Host, has_root: bool, needs: &mut Needs) {
    let Some(root) = last(&main.all, "DocumentRoot").filter(|_| !has_root).cloned() else { return };
    let path = state.path(root.argument(0));
    let of_files = access::check(state, main, "/", &path);
    needs.has_tls |= of_files.has_tls;
    if of_files.has_certificate {
        state.draft.say_site(at, "client-cert-path", "/", &given(&root));
    }
    state.draft.say_site(at, "document-root", &path, &given(&root));
    let served = access::served(state, main);
    let mut found = Vec::new();
    handlers(state, &main.all, &served, &mut found);
    for directive in found {
        state.refuse(&directive, "nothing in the `DocumentRoot` is run: such a file would be sent as it is");
    }
    if let Some(directive) = of_files_at(state, main, "FallbackResource", &path)
        && !directive.argument(0).eq_ignore_ascii_case("disabled")
    {
        state.refuse(&directive, "what is no file is answered with 404; a script at `/` answers the rest of a site");
    }
}

/// Directives that have files run.
fn handlers(state: &Apache, directives: &[Directive], served: &[String], found: &mut Vec<Directive>) {
    for directive in directives {
        let words = directive.arguments.iter().map(|word| word.to_ascii_lowercase());
        let runs = match directive.name.to_ascii_lowercase().as_str() {
            "addhandler" | "sethandler" | "action" => !words.clone().any(|word| word == "none"),
            "addtype" => words.clone().any(|word| word.starts_with("application/x-httpd-")),
            _ => false,
        };
        if runs {
            found.push(directive.clone());
        }
        let is_own = directive.is("Location") && access::is_own_handler(directive);
        if directive.children.is_some() && !is_own && access::is_relevant(state, directive, served) {
            handlers(state, directive.inside(), served, found);
        }
    }
}

/// The last one of a name that holds for a directory: in its sections before outside of them.
fn of_files_at(state: &Apache, main: &Host, name: &str, path: &str) -> Option<Directive> {
    let inside = super::every(&main.all, "Directory")
        .filter(|section| super::is_below(path, &state.path(section.argument(0))))
        .filter_map(|section| last(section.inside(), name));
    inside.last().or_else(|| last(&main.all, name)).cloned()
}

/// Says which file answers for its directory, where there are files.
pub(super) fn index(state: &mut Apache, at: usize, main: &Host) {
    let layer = &state.draft.sites[at].layer;
    let root = layer.document_root.as_ref().map(|said| said.value.0.to_string_lossy().into_owned());
    if root.is_none() && layer.static_folder.is_empty() {
        return;
    }
    let Some(directive) = of_files_at(state, main, "DirectoryIndex", root.as_deref().unwrap_or("/")) else {
        let mut default = given(&main.directive);
        default.origin = Origin::Default;
        state.draft.say_site(at, "directory-index", "index.html", &default);
        return;
    };
    let is_off = |name: &str| name.eq_ignore_ascii_case("disabled");
    for name in directive.arguments.iter().filter(|name| !is_off(name)) {
        let is_program = [".php", ".cgi", ".pl", ".py", ".wsgi"].iter().any(|ending| name.ends_with(ending));
        if name.starts_with('/') || is_program {
            let why =
                format!("`{}` is left out: an index is a file of the directory that is sent", name.escape_debug());
            state.draft.tell_once(Diagnostic::warning(why).at(&directive.origin));
        } else {
            state.draft.say_site(at, "directory-index", name, &given(&directive));
        }
    }
}
