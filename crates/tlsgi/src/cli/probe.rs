//! What only the machine knows about a configuration: whether the directories and users that it names are there.

use std::path::Path;

use tlsgi_config::config::Account;
use tlsgi_config::{Config, Diagnostic, Diagnostics, Document, Layer, Origin};

use crate::supervisor::{account_of, account_of_front};

/// Looks at every directory that is needed from the first request on.
pub(super) fn look(said: &Document, config: &Config) -> Diagnostics {
    let mut told = Diagnostics::default();
    for site in &config.sites {
        let own = said.sites.iter().find(|part| part.name == site.name).map(|part| &part.layer);
        let layers: Vec<&Layer> = own.into_iter().chain(said.layers()).collect();
        for mount in &site.mounts {
            let folders = layers.iter().flat_map(|layer| &layer.static_folder);
            let mut named: Vec<_> = folders.filter(|said| said.value.prefix == mount.prefix).collect();
            // Another site may have the same prefix for another directory.
            named.sort_by_key(|said| !mount.directory.ends_with(&said.value.directory));
            let origin = named.first().map(|said| &said.origin);
            let root = layers.iter().find_map(|layer| layer.document_root.as_ref()).map(|said| &said.origin);
            let (option, origin) =
                if mount.prefix.is_empty() { ("--document-root", root) } else { ("--static", origin) };
            if mount.prefix.is_empty() || !mount.directory.is_file() {
                need(option, &mount.directory, origin, &mut told);
            }
            reach(option, config, &mount.directory, origin, &mut told);
        }
    }
    let front = [&said.server.front_user, &said.server.front_group, &said.server.user, &said.server.group];
    account(&config.front, front.into_iter().flatten().next().map(|said| &said.origin), &mut told);
    for pool in &config.pools {
        let own = said.pools.iter().find(|part| part.name == pool.name).map(|part| &part.layer);
        let layers = || own.into_iter().chain([&said.server]);
        let named = layers().find_map(|layer| layer.user.as_ref().or(layer.group.as_ref()));
        if let (Some(said), Some(python)) = (layers().find_map(|layer| layer.virtualenv.as_ref()), &pool.python)
            && own.is_none_or(|layer| layer.python.is_none())
            && !python.exists()
        {
            let missing = Diagnostic::error(format!("`--virtualenv`: there is no {}", python.display()));
            told.push(
                missing.at(&said.origin).hint(format!("for example: python3 -m venv {}", said.value.0.display())),
            );
        }
        account(&pool.account, named.map(|said| &said.origin), &mut told);
        if let Some(directory) = &pool.directory {
            let origin = layers().find_map(|layer| layer.chdir.as_ref()).map(|said| &said.origin);
            need("--chdir", directory, origin, &mut told);
        }
        let folders = layers().map(|layer| &layer.python_path).find(|folders| !folders.is_empty());
        for (said, directory) in folders.into_iter().flatten().zip(&pool.python_path) {
            // Python passes over what is not there, and what is there may be a zip archive.
            if !directory.exists() {
                let missing = Diagnostic::warning(format!("`--python-path`: {} does not exist", directory.display()));
                told.push(missing.at(&said.origin));
            }
        }
    }
    let watched = config.reload.iter().flat_map(|reload| &reload.directories);
    for (at, directory) in watched.enumerate() {
        need("--reload-dir", directory, said.server.reload_dir.get(at).map(|said| &said.origin), &mut told);
    }
    told
}

/// Whether this machine has a user, and whether this process may become that user.
fn account(named: &Account, origin: Option<&Origin>, told: &mut Diagnostics) {
    let Err(error) = account_of(named) else { return };
    let mut wrong = Diagnostic::error(error.full_text());
    wrong.hints.extend(error.hint());
    wrong.origin = origin.cloned();
    // The front is often the same user as the application.
    if !told.0.contains(&wrong) {
        told.push(wrong);
    }
}

/// Whether the process that serves a static folder may enter it.
fn reach(option: &str, config: &Config, folder: &Path, origin: Option<&Origin>, told: &mut Diagnostics) {
    let Ok(Some(account)) = account_of_front(config) else { return };
    let Some(closed) = account.identity.obstacle(folder) else { return };
    let mut warning = Diagnostic::warning(format!(
        "`{option}`: {} is served by the user {}, who may not enter {}",
        folder.display(),
        account.name,
        closed.display()
    ));
    warning.origin = origin.cloned();
    told.push(warning.hint("open it to that user, or name another with `--front-user`"));
}

fn need(option: &str, directory: &Path, origin: Option<&Origin>, told: &mut Diagnostics) {
    let lack = match directory.metadata() {
        Ok(found) if found.is_dir() => return,
        Ok(_) => "is not a directory".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        Err(error) => format!("cannot be looked at: {error}"),
    };
    let missing = Diagnostic::error(format!("`{option}`: {} {lack}", directory.display()));
    told.push(match origin {
        Some(origin) => missing.at(origin),
        None => missing,
    });
}
