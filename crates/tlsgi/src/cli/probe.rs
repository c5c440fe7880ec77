//! What only the machine knows about a configuration: whether the directories that it names are there.

use std::path::Path;

use tlsgi_config::{Config, Diagnostic, Diagnostics, Layer, Origin};

/// Looks at every directory that is needed from the first request on.
pub(super) fn look(said: &Layer, config: &Config) -> Diagnostics {
    let mut told = Diagnostics::default();
    for mount in config.sites.iter().flat_map(|site| &site.mounts) {
        let origin = said.static_folder.iter().find(|said| said.value.prefix == mount.prefix).map(|said| &said.origin);
        need("--static", &mount.directory, origin, &mut told);
    }
    for directory in config.pools.iter().filter_map(|pool| pool.directory.as_deref()) {
        need("--chdir", directory, said.chdir.as_ref().map(|said| &said.origin), &mut told);
    }
    let watched = config.reload.iter().flat_map(|reload| &reload.directories);
    for (at, directory) in watched.enumerate() {
        need("--reload-dir", directory, said.reload_dir.get(at).map(|said| &said.origin), &mut told);
    }
    for (said, directory) in said.python_path.iter().zip(config.pools.iter().flat_map(|pool| &pool.python_path)) {
        // Python passes over what is not there, and what is there may be a zip archive.
        if !directory.exists() {
            let missing = Diagnostic::warning(format!("`--python-path`: {} does not exist", directory.display()));
            told.push(missing.at(&said.origin));
        }
    }
    told
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
