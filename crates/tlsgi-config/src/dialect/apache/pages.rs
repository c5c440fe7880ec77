//! `ErrorDocument` and `WSGIErrorOverride` as `--error-page`.

use super::host::{Group, Host};
use super::parse::Directive;
use super::{Apache, every, given, is_below, is_on, last};

/// What the hosts of a site say of pages. A site has one page for a status.
pub(super) fn pages(state: &mut Apache, at: usize, group: &Group) {
    let Some(main) = group.main() else { return };
    let mut found: Vec<Directive> = Vec::new();
    for host in group.hosts() {
        for directive in every(&host.all, "ErrorDocument") {
            // The last one of a status counts, and that of the host with the content before the other's.
            let same = found.iter().position(|known| known.argument(0) == directive.argument(0));
            match same {
                Some(place) if std::ptr::eq(host, main) => found[place] = directive.clone(),
                Some(_) => {}
                None => found.push(directive.clone()),
            }
        }
        for section in &host.all {
            if let Some(inside) = section.inside().iter().find(|inside| inside.is("ErrorDocument")).cloned() {
                state.refuse(&inside, "pages are those of a whole site");
            }
        }
    }
    for directive in &found {
        match source(state, main, directive.argument(1)) {
            Ok(Some(source)) => {
                let text = format!("{}={source}", directive.argument(0));
                state.draft.say_site(at, "error-page", &text, &given(directive));
            }
            Ok(None) => {}
            Err(reason) => state.refuse(directive, reason),
        }
    }
    if let Some(directive) = last(&main.all, "WSGIErrorOverride").filter(|directive| is_on(directive)).cloned() {
        state.draft.say_site(at, "error-page-override", "all", &given(&directive));
    }
}

/// What is sent; none for the server's own page.
fn source(state: &Apache, host: &Host, target: &str) -> Result<Option<String>, &'static str> {
    if target.eq_ignore_ascii_case("default") {
        return Ok(None);
    }
    if target.starts_with("http://") || target.starts_with("https://") {
        return Err("an error is answered where it happens, not with a redirect: name a page or a text");
    }
    if !target.starts_with('/') {
        return Ok(Some(format!("text:{target}")));
    }
    let mut aliases: Vec<&Directive> = every(&host.all, "Alias").collect();
    aliases.sort_by_key(|alias| std::cmp::Reverse(alias.argument(0).len()));
    let alias = aliases.into_iter().find(|alias| is_below(target, alias.argument(0)));
    match (alias, last(&host.all, "DocumentRoot")) {
        (Some(alias), _) => {
            let rest = target.strip_prefix(alias.argument(0).trim_end_matches('/')).unwrap_or_default();
            Ok(Some(format!("{}{rest}", state.path(alias.argument(1)).trim_end_matches('/'))))
        }
        (None, Some(root))
            if every(&host.all, "WSGIScriptAlias").all(|script| !is_below(target, script.argument(0))) =>
        {
            Ok(Some(format!("{}{target}", state.path(root.argument(0)).trim_end_matches('/'))))
        }
        _ => Err("a page is a file: give it an `Alias`"),
    }
}
