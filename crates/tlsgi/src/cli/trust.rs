//! `tlsgi trust`: what was found in the trust stores, and what was done there, one line a store.

use time::OffsetDateTime;
use tlsgi_cert::trust::{self, Kind, Outcome, Platform, Report, Surroundings, TrustedRoot, from_wsl};
use tlsgi_cert::{Error, LocalCa, Name, NewRoot, Places, Scope};
use tlsgi_config::config::{CertificateSource, LocalRoot, Role};
use tlsgi_config::tool::{Action, Trust};
use tlsgi_config::{Config, Diagnostic, Diagnostics, Exit};

use super::tool::{Place, failed};
use super::{Failure, print, surroundings};

/// Does what is asked for.
pub(super) fn run(asked: &Trust, place: &Place) -> anyhow::Result<Exit> {
    let around = match &asked.sysroot {
        Some(directory) => surroundings::of_image(std::path::absolute(directory)?)?,
        None => surroundings::read()?,
    };
    match &asked.action {
        Action::Status => status(&place.places, &around),
        Action::Uninstall => uninstall(&place.places, &around),
        Action::Install { permit, is_unconstrained: true } if permit.is_empty() => {
            install(&Scope::Everything, place, &around)
        }
        Action::Install { permit, .. } => {
            let also = permit.iter().map(|name| Name::parse(name)).collect::<Result<_, _>>();
            install(&Scope::Local { also: also.map_err(|error| failed(&error))? }, place, &around)
        }
    }
}

fn status(places: &Places, around: &Surroundings) -> anyhow::Result<Exit> {
    let Some(root) = existing(places)? else {
        let path = places.directory().join("rootCA.pem");
        print::out(&format!("no root   {}\n", path.display()));
        print::diagnostics(
            &Diagnostics(vec![
                Diagnostic::warning("there is no local root yet").hint("`tlsgi trust install` makes one"),
            ]),
            None,
        );
        return Ok(Exit::Failure);
    };
    let reports = trust::status(&root, around);
    print::out(&lines(&root, &reports));
    let is_missing = reports.iter().any(|report| matches!(report.outcome, Outcome::NotTrusted));
    let mut told = told(&reports);
    if is_missing {
        told.push(Diagnostic::warning("not every trust store has the local root").hint("tlsgi trust install"));
    }
    print::diagnostics(&told, None);
    let is_trusted = !reports.is_empty() && reports.iter().all(|report| report.outcome.is_trusted());
    Ok(if is_trusted { Exit::Success } else { Exit::Failure })
}

fn install(scope: &Scope, place: &Place, around: &Surroundings) -> anyhow::Result<Exit> {
    let root = suitable(scope, &place.places, around)?;
    let reports = trust::install(&root, around);
    print::out(&lines(&root, &reports));
    let mut told = told(&reports);
    if let Some(user) = surroundings::sudo_user() {
        let browsers = format!("this runs as root: the browsers of {user} were not looked at");
        told.push(
            Diagnostic::warning(browsers).hint("run it without sudo; it asks for the password where it is needed"),
        );
    }
    if around.platform == Platform::Wsl {
        let windows = Diagnostic::warning("browsers of Windows have a trust store of their own");
        told.push(windows.hint(format!("run here: {}", from_wsl(&root))));
    }
    if reports.is_empty() {
        let none = Diagnostic::warning("no trust store was found");
        told.push(none.hint(format!("give the root to whatever has to trust it: {}", root.path().display())));
    }
    print::diagnostics(&told, None);
    let is_new = |report: &Report| report.store.kind == Kind::Nss && matches!(report.outcome, Outcome::Installed);
    if reports.iter().any(is_new) {
        print::out("restart browsers that are open\n");
    }
    Ok(exit(&reports))
}

fn uninstall(places: &Places, around: &Surroundings) -> anyhow::Result<Exit> {
    let Some(root) = existing(places)? else {
        return Ok(print::out("there is no local root\n"));
    };
    let reports = trust::uninstall(&root, around);
    print::out(&lines(&root, &reports));
    print::diagnostics(&told(&reports), None);
    Ok(exit(&reports))
}

/// Who trusts the root of a server that has its certificate from the local CA, and what to do where somebody does not.
pub(crate) fn in_words(config: &Config) -> Option<String> {
    const ONCE: &str = "run once: tlsgi trust install";
    let is_local = |source: &CertificateSource| matches!(source, CertificateSource::Local { .. });
    let has_https = config.listeners.iter().any(|listener| listener.role == Role::Https);
    if !has_https || !config.sites.iter().flat_map(|site| &site.certificates).any(is_local) {
        return None;
    }
    let around = surroundings::read().ok()?;
    let LocalRoot { named, own, mkcert } = config.local_root.clone();
    // The server says itself what is wrong with a root that cannot be read.
    let Some(root) = existing(&Places { named, own, mkcert }).ok()? else {
        return Some(format!("by nobody yet; {ONCE}"));
    };
    let reports = trust::status(&root, &around);
    let owners = |wanted: fn(&Outcome) -> bool| {
        let mut owners: Vec<&str> = Vec::new();
        for report in reports.iter().filter(|report| wanted(&report.outcome)) {
            if !owners.contains(&report.store.owner.as_str()) {
                owners.push(&report.store.owner);
            }
        }
        owners.join(", ")
    };
    let missing = owners(|outcome| !outcome.is_trusted());
    Some(match (owners(Outcome::is_trusted), missing) {
        (trusted, missing) if trusted.is_empty() && missing.is_empty() => format!("by nobody yet; {ONCE}"),
        (trusted, missing) if missing.is_empty() => format!("by {trusted}"),
        (trusted, missing) if trusted.is_empty() => format!("not yet by {missing}; {ONCE}"),
        (trusted, missing) => format!("by {trusted}; not yet by {missing}; {ONCE}"),
    })
}

/// The root that is there, with or without its key.
pub(super) fn existing(places: &Places) -> anyhow::Result<Option<TrustedRoot>> {
    let path = places.directory().join("rootCA.pem");
    match path.exists() {
        true => TrustedRoot::read(&path).map(Some).map_err(|error| failed(&error)),
        false => Ok(None),
    }
}

/// A root that may vouch for what is asked for; one of tlsgi's that may not gives its place to a new one.
fn suitable(scope: &Scope, places: &Places, around: &Surroundings) -> anyhow::Result<TrustedRoot> {
    let now = OffsetDateTime::now_utc();
    let wish = NewRoot { scope: scope.clone(), ..NewRoot::default() };
    let authority = match LocalCa::open(places, &wish, now) {
        Ok(authority) => authority,
        // A copy of somebody's root without the key can be trusted all the same.
        Err(Error::RootWithoutKey { certificate, .. }) => {
            return TrustedRoot::read(&certificate).map_err(|error| failed(&error));
        }
        Err(error) => return Err(failed(&error)),
    };
    let root = TrustedRoot::new(authority.path(), authority.certificate().clone()).map_err(|error| failed(&error))?;
    let is_enough = match scope {
        Scope::Everything => authority.permitted().is_empty(),
        Scope::Local { also } => also.iter().all(|name| authority.permits(name)),
    };
    if is_enough {
        return Ok(root);
    }
    // What is trusted and not known any more could not be taken back.
    let left: Vec<Report> = trust::uninstall(&root, around);
    if let Some(report) = left.iter().find(|report| matches!(report.outcome, Outcome::Failed(_))) {
        print::diagnostics(&told(&left), None);
        let place = report.store.place.display();
        return Err(
            Failure::new(Exit::Failure, format!("the present root stays: it cannot be taken out of {place}")).into()
        );
    }
    let wish = NewRoot { scope: widened(scope, &authority), ..NewRoot::default() };
    let authority = LocalCa::replace(places, &wish, now).map_err(|error| failed(&error))?;
    TrustedRoot::new(authority.path(), authority.certificate().clone()).map_err(|error| failed(&error))
}

/// With what the present root may vouch for already.
fn widened(scope: &Scope, authority: &LocalCa) -> Scope {
    match scope {
        Scope::Everything => Scope::Everything,
        Scope::Local { also } => {
            let before = authority.permitted().into_iter().filter_map(|name| Name::parse(&name).ok());
            Scope::Local { also: also.iter().cloned().chain(before).collect() }
        }
    }
}

fn exit(reports: &[Report]) -> Exit {
    let has_failed = reports.iter().any(|report| matches!(report.outcome, Outcome::Failed(_)));
    if has_failed { Exit::Failure } else { Exit::Success }
}

fn lines(root: &TrustedRoot, reports: &[Report]) -> String {
    let mut text = format!("root       {}\n           {}\n", root.path().display(), root.nickname());
    for Report { store, outcome } in reports {
        let word = match outcome {
            Outcome::Trusted => "trusted",
            Outcome::NotTrusted => "not there",
            Outcome::Installed => "installed",
            Outcome::Removed => "removed",
            Outcome::Failed(_) => "failed",
        };
        text.push_str(&format!("{word:<10} {:<9} {}\n", store.owner, store.place.display()));
    }
    text
}

/// A message for each store that could not be looked at or changed.
pub(super) fn told(reports: &[Report]) -> Diagnostics {
    let failed = reports.iter().filter_map(|report| match &report.outcome {
        Outcome::Failed(error) => Some((&report.store, error)),
        _ => None,
    });
    let mut told: Vec<Diagnostic> = Vec::new();
    for (store, error) in failed {
        let text =
            std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        let diagnostic = Diagnostic::error(format!("{} ({}): {text}", store.owner, store.place.display()));
        told.push(error.hints().into_iter().fold(diagnostic, Diagnostic::hint));
    }
    Diagnostics(told)
}
