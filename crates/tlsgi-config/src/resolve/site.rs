//! Names, certificate, redirect, HSTS and static folders.

use std::path::Path;

use super::{Resolver, value, written};
use crate::config::{
    CertificateSource, Listener, ListenerAddress, PassphraseSource, PlainPolicy, RedirectTo, Role, Site, StaticMount,
    TlsVariables,
};
use crate::diagnostic::Diagnostic;
use crate::document::Part;
use crate::option::Many;
use crate::origin::{Origin, Said};
use crate::value::hsts::PRELOAD_MAX_AGE;
use crate::value::{FilePath, RedirectRule, ServerName, Value as _};

/// Bytes of all variables of a site: they are sent with every connection.
const LARGEST_ENVIRON: usize = 64 << 10;

impl Resolver<'_> {
    /// The sites in the order written, except that the one for every other name comes first.
    pub(super) fn sites(&mut self, parts: &[Part], pools: &[Part], listeners: &[Listener]) -> Vec<Site> {
        let mut sites: Vec<Site> = Vec::new();
        for part in parts {
            let site = self.within(part, |site| {
                let meant = site.site(part, pools, listeners);
                site.check_names(&meant, &sites, part);
                meant
            });
            sites.push(site);
        }
        sites.sort_by_key(|site| !site.names.is_empty());
        sites
    }

    /// A name leads to one site, and the first of two would hide the other.
    fn check_names(&mut self, site: &Site, earlier: &[Site], part: &Part) {
        if earlier.iter().any(|other| other.name == site.name) {
            let told = Diagnostic::error(format!("there are two sites `{}`", site.name));
            self.tell(told.hint("a site without `name` is called by its first `server-name`"), &part.origin);
        }
        if let Some(other) = earlier.iter().find(|other| other.names.is_empty() && site.names.is_empty()) {
            let told = Diagnostic::error(format!(
                "neither `{}` nor `{}` has a `server-name`: only one site answers every other name",
                other.name, site.name
            ));
            self.tell(told.hint("give this one the names that it serves"), &part.origin);
        }
        let canonical = self.canonical().map(|said| (said.value.as_host(), said.origin));
        let names = self.said.server_name.iter().map(|said| (said.value.as_host(), said.origin.clone()));
        for (name, origin) in names.chain(canonical).collect::<Vec<_>>() {
            if let Some(other) = earlier.iter().find(|other| other.names.contains(&name)) {
                let told = Diagnostic::error(format!("{name} is served by the site `{}` already", other.name));
                self.tell(told.hint("a name belongs to one site"), &origin);
            }
        }
    }

    fn site(&mut self, part: &Part, pools: &[Part], listeners: &[Listener]) -> Site {
        let mut names: Vec<String> = Vec::new();
        for said in &self.said.server_name {
            let name = said.value.as_host();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let canonical = self.canonical();
        if let Some(said) = canonical.as_ref().filter(|said| said.value.as_host().starts_with('*')) {
            let told = Diagnostic::invalid("--canonical-name", &said.value.as_host(), "one name, not a wildcard");
            self.tell(told, &said.origin);
        }
        let canonical = canonical.map(|said| said.value.as_host());
        if let Some(name) = canonical.as_ref().filter(|name| !names.is_empty() && !names.contains(name)) {
            names.push(name.clone());
        }
        let name = if part.name.is_empty() { names.first().map_or("default", String::as_str) } else { &part.name };
        Site {
            name: name.to_owned(),
            routes: self.routes(pools),
            names,
            certificates: self.certificates(),
            tls: self.tls(),
            canonical,
            plain: self.plain(listeners),
            hsts: self.hsts(),
            mounts: self.static_mounts(pools),
            client_certificates: self.client_certificates(listeners),
            tls_variables: TlsVariables {
                has_standard: *value(&self.said.ssl_environment),
                has_certificates: *value(&self.said.ssl_export_pem),
            },
            headers: self.headers(),
            compression: self.compression(),
            redirects: self.redirects(),
            environ: self.environ(),
            error_pages: self.error_pages(),
            basic_auth: self.basic_auth(),
        }
    }

    /// Exact ones first, then the longest prefix.
    fn redirects(&mut self) -> Vec<RedirectTo> {
        let mut redirects: Vec<RedirectTo> = Vec::new();
        for said in self.said.redirect.clone() {
            let RedirectRule { prefix, is_exact, status, target } = said.value;
            if redirects.iter().any(|other| other.prefix == prefix && other.is_exact == is_exact) {
                let shown = if prefix.is_empty() { "/" } else { &prefix };
                let told = Diagnostic::error(format!("`--redirect` names {shown} twice"));
                self.tell(told.hint("a prefix is redirected to one place"), &said.origin);
            }
            redirects.push(RedirectTo { prefix, is_exact, status, target });
        }
        redirects.sort_by_key(|redirect| (!redirect.is_exact, std::cmp::Reverse(redirect.prefix.len())));
        redirects
    }

    /// Of a name that is said twice, the last one counts.
    fn environ(&mut self) -> Vec<(String, String)> {
        let mut environ: Vec<(String, String)> = Vec::new();
        for said in self.said.wsgi_environ.clone() {
            let (name, value) = (said.value.name, said.value.value);
            environ.retain(|(known, _)| *known != name);
            environ.push((name, value));
            if environ.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST_ENVIRON {
                let told = Diagnostic::error(format!("`--wsgi-environ` has more than {LARGEST_ENVIRON} bytes"));
                self.tell(told.hint("what is large belongs in a file that the application reads"), &said.origin);
                break;
            }
        }
        environ
    }

    fn canonical(&self) -> Option<Said<ServerName>> {
        let said = self.said.canonical_name.clone()?;
        said.value.0.map(|value| Said { value, origin: said.origin })
    }

    /// Certificates in the order written, each with the key and chain in the same place of their lists.
    fn certificates(&mut self) -> Vec<CertificateSource> {
        if self.said.certfile.is_empty() {
            self.refuse_orphans();
            return vec![CertificateSource::Local { names: self.names_of_leaf() }];
        }
        let passphrase = self.passphrase();
        let certificates = self.said.certfile.clone();
        let keys = self.beside("--keyfile", self.said.keyfile.clone(), certificates.len());
        let chains = self.beside("--chain-file", self.said.chain_file.clone(), certificates.len());
        let source = |(position, said): (usize, &Said<FilePath>)| {
            let file = self.path(&said.value.0, &said.origin);
            let beside =
                |files: &[Said<FilePath>]| files.get(position).map(|said| self.path(&said.value.0, &said.origin));
            CertificateSource::Files {
                key: beside(&keys).unwrap_or_else(|| file.clone()),
                chain: beside(&chains),
                certificate: file,
                passphrase: passphrase.clone(),
            }
        };
        certificates.iter().enumerate().map(source).collect()
    }

    /// Files that belong to the certificates: one each, or none at all.
    fn beside(&mut self, flag: &str, files: Many<FilePath>, certificates: usize) -> Many<FilePath> {
        if let Some(said) = files.last().filter(|_| files.len() != certificates) {
            let told =
                Diagnostic::error(format!("`{flag}` is given {} for {certificates} `--certfile`", times(files.len())));
            let hint = "give one for each certificate, in the same order; for a certificate with its key in the same file, name that file";
            self.tell(told.hint(hint), &said.origin);
        }
        files
    }

    fn refuse_orphans(&mut self) {
        let first = |said: &Many<FilePath>| said.first().map(|said| said.origin.clone());
        let orphans = [
            ("--keyfile", first(&self.said.keyfile)),
            ("--chain-file", first(&self.said.chain_file)),
            ("--key-passphrase-file", self.said.key_passphrase_file.as_ref().map(|said| said.origin.clone())),
        ];
        for (flag, origin) in orphans {
            let Some(origin) = origin else { continue };
            self.tell(Diagnostic::lacks(flag, "--certfile").hint("name the certificate that belongs to it"), &origin);
        }
    }

    /// The local CA's certificate is for every name, the canonical one included.
    fn names_of_leaf(&self) -> Vec<String> {
        let mut names: Vec<String> = self.said.server_name.iter().map(|said| said.value.write()).collect();
        if let Some(canonical) = self.canonical().map(|said| said.value.write()).filter(|name| !names.contains(name)) {
            names.push(canonical);
        }
        names
    }

    fn passphrase(&mut self) -> Option<PassphraseSource> {
        let file = self.said.key_passphrase_file.clone();
        let command = self.said.key_passphrase_command.clone();
        let credential = self.said.key_passphrase_credential.clone();
        let flags = [
            ("--key-passphrase-file", file.as_ref().map(|said| said.origin.clone())),
            ("--key-passphrase-command", command.as_ref().map(|said| said.origin.clone())),
            ("--key-passphrase-credential", credential.as_ref().map(|said| said.origin.clone())),
        ];
        let said: Vec<_> = flags.into_iter().filter_map(|(flag, origin)| origin.map(|origin| (flag, origin))).collect();
        if let [(one, _), (other, origin), ..] = &said[..] {
            self.tell(Diagnostic::conflict(one, other, "a key has one passphrase"), origin);
        }
        if let Some(said) = file {
            return Some(PassphraseSource::File(self.path(&said.value.0, &said.origin)));
        }
        if let Some(said) = command {
            return Some(PassphraseSource::Command(said.value.0.clone()));
        }
        let said = credential?;
        let name = &said.value.0;
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            let told = Diagnostic::invalid("--key-passphrase-credential", name, "the name of a credential, not a path");
            self.tell(told, &said.origin);
            return None;
        }
        match &self.facts.credentials {
            Some(directory) => Some(PassphraseSource::File(directory.join(name))),
            None => {
                let told = Diagnostic::error("`--key-passphrase-credential`: systemd has passed no credentials").hint(
                    format!("the unit needs `LoadCredentialEncrypted={name}:FILE` or `LoadCredential={name}:FILE`"),
                );
                self.tell(told, &said.origin);
                None
            }
        }
    }

    fn plain(&mut self, listeners: &[Listener]) -> PlainPolicy {
        let serves = *value(&self.said.allow_http);
        if let Some(said) = self.said.public_https_port.clone() {
            if serves || !listeners.iter().any(|listener| listener.role == Role::Http) {
                let why = if serves {
                    "plain HTTP is served, not redirected"
                } else {
                    "there is no plain listener to redirect"
                };
                self.tell(Diagnostic::without_effect("--public-https-port", why), &said.origin);
            } else if said.value.0 == 0 {
                self.tell(
                    Diagnostic::invalid("--public-https-port", "0", "a redirect cannot name port 0"),
                    &said.origin,
                );
            }
        }
        if serves {
            return PlainPolicy::Serve;
        }
        if !listeners.is_empty() && listeners.iter().all(|listener| listener.role == Role::Http) {
            self.warn_of_redirect_to_nowhere();
        }
        let mut bound: Vec<_> = listeners.iter().filter(|listener| listener.role == Role::Https).collect();
        // A Unix socket stands behind somebody else's port, which is likely the usual one.
        bound.sort_by_key(|listener| matches!(listener.address, ListenerAddress::Unix(_)));
        let mut bound = bound.into_iter().map(|listener| match listener.address {
            ListenerAddress::Tcp(address) => address.port(),
            ListenerAddress::Inherited(_) => 0,
            ListenerAddress::Unix(_) => 443,
        });
        let https_port = self.said.public_https_port.as_ref().map(|said| said.value.0).or_else(|| bound.next());
        PlainPolicy::Redirect { https_port: https_port.unwrap_or(443) }
    }

    fn warn_of_redirect_to_nowhere(&mut self) {
        if self.said.public_https_port.is_some() {
            return;
        }
        let told =
            Diagnostic::warning("there is no HTTPS listener: plain HTTP is redirected to port 443 of somebody else");
        self.told.push(told.hint("give `--bind` or `--https-port`, or say the port with `--public-https-port`"));
    }

    fn hsts(&mut self) -> Option<String> {
        let said = written(&self.said.hsts)?.clone();
        let hsts = said.value.0.as_ref()?;
        if hsts.has_preload && (!hsts.has_subdomains || hsts.max_age < PRELOAD_MAX_AGE) {
            let told = Diagnostic::warning("`--hsts` asks for preload, and browsers will not take it into their list")
                .hint("preload needs includeSubDomains and a max-age of at least 31536000 (one year)");
            self.tell(told, &said.origin);
        }
        if self.said.certfile.is_empty() && self.said.server_name.is_empty() && hsts.max_age > 0 {
            let told =
                Diagnostic::warning("`--hsts` on localhost makes browsers refuse plain HTTP on every port of it")
                    .hint("leave it out for development, or name the site with `--server-name`");
            self.tell(told, &said.origin);
        }
        Some(hsts.policy.clone())
    }

    fn static_mounts(&mut self, pools: &[Part]) -> Vec<StaticMount> {
        let max_age = value(&self.said.static_max_age).0.map(|period| period.0);
        let index = self.directory_index();
        let mut mounts: Vec<StaticMount> = Vec::new();
        for said in self.said.static_folder.clone() {
            if mounts.iter().any(|mount| mount.prefix == said.value.prefix) {
                let told = Diagnostic::error(format!("`--static` names {} twice", said.value.prefix));
                self.tell(told.hint("a prefix has one directory"), &said.origin);
            }
            let directory = self.path(&said.value.directory, &said.origin);
            mounts.push(StaticMount { prefix: said.value.prefix.clone(), directory, index: index.clone(), max_age });
        }
        if let Some(said) = self.said.document_root.clone() {
            let directory = self.path(&said.value.0, &said.origin);
            self.check_document_root(&directory, pools, &said.origin);
            mounts.push(StaticMount { prefix: String::new(), directory, index: index.clone(), max_age });
        }
        if let (Some(said), true) = (self.said.directory_index.first().cloned(), mounts.is_empty()) {
            let why = "neither `--static` nor `--document-root` is given";
            self.tell(Diagnostic::without_effect("--directory-index", why), &said.origin);
        }
        if let (Some(said), true) = (written(&self.said.static_max_age).cloned(), mounts.is_empty()) {
            self.tell(Diagnostic::without_effect("--static-max-age", "`--static` is not given"), &said.origin);
        }
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        mounts
    }

    fn directory_index(&mut self) -> Vec<String> {
        let mut index = Vec::new();
        for said in self.said.directory_index.clone() {
            let name = said.value.0;
            if name.starts_with('.') || name.contains(['/', '\0']) {
                let told = Diagnostic::invalid(
                    "--directory-index",
                    &name,
                    "expected the name of a file, without its directory",
                );
                self.tell(told.hint("for example `index.html`"), &said.origin);
            } else if !index.contains(&name) {
                index.push(name);
            }
        }
        index
    }

    /// Code among the files can be downloaded.
    fn check_document_root(&mut self, directory: &Path, pools: &[Part], origin: &Origin) {
        let of_server = [Part::new("", Origin::Default)];
        for part in if pools.is_empty() { &of_server } else { pools } {
            let code = self.within(part, |pool| {
                pool.said.app.as_ref()?;
                let code = pool.application_directory().unwrap_or_else(|| pool.facts.directory.clone());
                Some(pool.application_file(&code).unwrap_or(code))
            });
            if let Some(code) = code.filter(|code| code.starts_with(directory)) {
                let told = format!("`--document-root` has the application's code in it: {}", code.display());
                let told = Diagnostic::warning(told);
                self.tell(
                    told.hint("everybody can download it: put what is public into a directory of its own"),
                    origin,
                );
                return;
            }
        }
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}
