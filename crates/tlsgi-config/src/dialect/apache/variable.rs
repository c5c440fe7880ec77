//! `SetEnv`, `PassEnv`, `UnsetEnv`: variables that an application finds in every request.

use super::access;
use super::host::{Group, Host};
use super::parse::Directive;
use super::{Apache, every, given, is_below};
use crate::diagnostic::Diagnostic;

const NAMES: [&str; 3] = ["SetEnv", "PassEnv", "UnsetEnv"];

/// Says the variables of a site.
pub(super) fn variables(state: &mut Apache, at: usize, group: &Group, main: &Host) {
    let scripts: Vec<String> = every(&main.all, "WSGIScriptAlias").map(|it| state.path(it.argument(1))).collect();
    let mut found: Vec<Directive> = of(&main.all).cloned().collect();
    let sections = main.all.iter().filter(|it| it.children.is_some() && of(it.inside()).next().is_some());
    for section in sections.cloned().collect::<Vec<_>>() {
        let path = section.argument(0);
        let is_whole = match section.name.to_ascii_lowercase().as_str() {
            "location" => path.trim_end_matches('/').is_empty(),
            "directory" => !scripts.is_empty() && scripts.iter().all(|script| is_below(script, &state.path(path))),
            _ => false,
        };
        let is_nothing = section.is("Directory") && !access::is_relevant(state, &section, &access::served(state, main));
        if is_whole {
            found.extend(of(section.inside()).cloned());
        } else if let Some(directive) = of(section.inside()).next().filter(|_| !is_nothing) {
            let (directive, reason) =
                (directive.clone(), "variables are for a whole site: write it outside of the section");
            state.refuse(&directive, reason);
        }
    }
    let mut said: Vec<(String, String, Directive)> = Vec::new();
    for directive in found {
        read(state, directive, &mut said);
    }
    for (name, value, directive) in said {
        state.draft.say_site(at, "wsgi-environ", &format!("{name}={value}"), &given(&directive));
    }
    if let (Some(_), Some(plain)) = (&group.https, &group.http)
        && super::redirect::whole(plain).is_none()
        && let Some(other) = of(&plain.own).find(|other| !of(&main.all).any(|own| own.arguments == other.arguments))
    {
        let other = other.clone();
        state.warn(&other, "the variables of the HTTPS virtual host of this name are those of both");
    }
}

fn of(directives: &[Directive]) -> impl Iterator<Item = &Directive> {
    directives.iter().filter(|directive| NAMES.iter().any(|name| directive.is(name)))
}

fn read(state: &mut Apache, directive: Directive, said: &mut Vec<(String, String, Directive)>) {
    if directive.is("SetEnv") {
        let (name, value) = (directive.argument(0).to_owned(), directive.argument(1).to_owned());
        said.retain(|(known, ..)| *known != name);
        said.push((name, value, directive));
        return;
    }
    for name in directive.arguments.clone() {
        said.retain(|(known, ..)| *known != name);
        if directive.is("UnsetEnv") {
            continue;
        }
        match state.environment.get(&name).cloned() {
            Some(value) => said.push((name, value, directive.clone())),
            None => {
                let why = format!("the environment has no `{}`", name.escape_debug());
                state.draft.tell(Diagnostic::without_effect("PassEnv", &why).at(&directive.origin));
            }
        }
    }
}
