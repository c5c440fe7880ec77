//! The application and the processes that run it.

use std::path::{Component, Path, PathBuf};

use super::{Resolver, value, written};
use crate::config::{Application, EventLoop, Interface, Lifespan, Pool, Site, Target};
use crate::diagnostic::Diagnostic;
use crate::document::Part;
use crate::origin::Origin;

/// The only pool's name, where no section names one.
pub(super) const NAME: &str = "app";

impl Resolver<'_> {
    /// The pools; none comes back for want of an application. Without sections there is one, where a site needs it.
    pub(super) fn pools(&mut self, parts: &[Part], sites: &[Site]) -> Option<Vec<Pool>> {
        let is_led_to = |name: &str| {
            let mut targets = sites.iter().flat_map(|site| &site.routes).map(|route| &route.target);
            targets.any(|target| matches!(target, Target::Pool(pool) if pool == name))
        };
        self.check_shared_application(parts);
        let mut pools = Vec::new();
        for part in parts {
            if !is_led_to(&part.name) {
                if part.origin == Origin::Default && self.said.app.is_none() {
                    continue;
                }
                let told = Diagnostic::warning(format!("no site leads to the pool `{}`", part.name));
                self.tell(
                    told.hint(format!("for example `route = {{ \"/\" = \"pool:{}\" }}`", part.name)),
                    &part.origin,
                );
            }
            pools.push(self.within(part, |pool| pool.pool(part)));
        }
        pools.into_iter().collect()
    }

    /// Several pools are there for several applications: one that is said for all of them leaves open which is meant.
    fn check_shared_application(&mut self, parts: &[Part]) {
        let Some(app) = written(&self.said.app).cloned() else { return };
        if parts.len() > 1 && !matches!(app.origin, Origin::File(_)) {
            let names: Vec<_> = parts.iter().map(|part| format!("`{}`", part.name)).collect();
            let told =
                Diagnostic::error(format!("an application is named, and there are the pools {}", names.join(", ")));
            self.tell(told.hint("the applications of several pools are named in the file"), &app.origin);
        } else if parts.iter().all(|part| part.layer.app.is_some()) {
            self.tell(Diagnostic::without_effect("app", "every pool names its own application"), &app.origin);
        }
    }

    fn pool(&mut self, part: &Part) -> Option<Pool> {
        self.check_interface();
        self.check_jitter();
        self.check_virtualenv(part);
        let account = self.account(part);
        let application = self.application(part);
        let said = &self.said;
        Some(Pool {
            name: part.name.clone(),
            application: application?,
            processes: value(&said.processes).0 as usize,
            threads: value(&said.threads).0 as usize,
            concurrency: u32::try_from(value(&said.concurrency).0).unwrap_or(u32::MAX),
            python: self.python(part),
            directory: self.application_directory(),
            account,
            umask: said.umask.as_ref().map(|it| it.value.0),
            home: said.home.as_ref().map(|it| self.path(&it.value.0, &it.origin)),
            python_path: said.python_path.iter().map(|it| self.path(&it.value.0, &it.origin)).collect(),
            environment: said.env.iter().map(|it| (it.value.name.clone(), it.value.value.clone())).collect(),
            max_requests: value(&said.max_requests).0.map_or(0, |count| count.0),
            max_requests_jitter: value(&said.max_requests_jitter).0,
            max_worker_memory: value(&said.max_worker_memory).0.map(|bytes| bytes.0),
            max_worker_age: value(&said.max_worker_age).0.map(|period| period.0),
            touch_files: said.touch_workers.iter().map(|it| self.path(&it.value.0, &it.origin)).collect(),
            request_timeout: value(&said.request_timeout).0.map(|period| period.0),
            preload: *value(&said.preload),
            hooks: said.hooks.as_ref().map(|it| self.hooks(&it.value.0, &it.origin)),
            startup_timeout: value(&said.startup_timeout).0,
            lifespan: *value(&said.lifespan),
            event_loop: *value(&said.event_loop),
        })
    }

    /// A module stays as it is; a file is found from where it was named.
    fn hooks(&self, text: &str, origin: &Origin) -> String {
        match text.starts_with("python:") {
            true => text.to_owned(),
            false => self.path(Path::new(text), origin).to_string_lossy().into_owned(),
        }
    }

    fn application(&mut self, part: &Part) -> Option<Application> {
        let Some(said) = &self.said.app else {
            if part.origin != Origin::Default {
                let told = Diagnostic::error(format!("the pool `{}` names no application", part.name));
                self.tell(told.hint("for example `app = \"module:app\"`"), &part.origin);
                return None;
            }
            self.told.push(
                Diagnostic::error("no application is named")
                    .hint("for example `tlsgi app.py`, `tlsgi module:app` or `tlsgi package.module:create_app()`")
                    .hint("or write `app = \"module:app\"` into tlsgi.toml"),
            );
            return None;
        };
        Some(Application {
            reference: said.value.target.clone(),
            interface: *value(&self.said.interface),
            is_factory: said.value.is_call || *value(&self.said.factory),
        })
    }

    /// `--chdir`, else the directory of the file that names the application.
    pub(super) fn application_directory(&self) -> Option<PathBuf> {
        if let Some(said) = &self.said.chdir {
            return Some(self.path(&said.value.0, &said.origin));
        }
        let app = self.said.app.as_ref()?;
        matches!(app.origin, Origin::File(_)).then(|| self.base(&app.origin))
    }

    /// The directory of an application named by its file, when that is elsewhere than below `directory`.
    pub(super) fn application_file(&self, directory: &Path) -> Option<PathBuf> {
        let target = &self.said.app.as_ref()?.value.target;
        let file = target.rsplit_once(':').map_or(target.as_str(), |(file, _)| file);
        let file =
            Path::new(file).extension().is_some_and(|extension| extension == "py").then(|| directory.join(file))?;
        let goes_up = file.components().any(|component| component == Component::ParentDir);
        file.parent().filter(|parent| goes_up || !parent.starts_with(directory)).map(Path::to_owned)
    }

    /// The interpreter that is named, by itself or by its virtual environment.
    fn python(&self, part: &Part) -> Option<PathBuf> {
        // What is said of the pool itself counts, whichever of the two was said of all pools.
        let environment = self.said.virtualenv.as_ref().filter(|_| part.layer.python.is_none());
        let python = self.said.python.as_ref().filter(|_| part.layer.virtualenv.is_none());
        let by_environment = || environment.map(|it| self.path(&it.value.0, &it.origin).join("bin/python"));
        python.map(|it| self.interpreter(&it.value.0, &it.origin)).or_else(by_environment)
    }

    /// A bare name is looked for on PATH, anything else is a path.
    fn interpreter(&self, file: &Path, origin: &Origin) -> PathBuf {
        if file.components().count() > 1 || file.starts_with("~") { self.path(file, origin) } else { file.to_owned() }
    }

    fn check_interface(&mut self) {
        if *value(&self.said.interface) != Some(Interface::Wsgi) {
            return;
        }
        if let Some(said) = written(&self.said.lifespan).filter(|said| said.value == Lifespan::On).cloned() {
            let told = Diagnostic::conflict("--lifespan on", "--interface wsgi", "lifespan is part of ASGI");
            self.tell(told.hint("leave out one of them"), &said.origin);
        }
        if let Some(said) = written(&self.said.event_loop).filter(|said| said.value != EventLoop::Auto).cloned() {
            self.tell(Diagnostic::without_effect("--loop", "a WSGI application has no event loop"), &said.origin);
        }
        if let Some(said) = written(&self.said.concurrency).cloned() {
            let told = Diagnostic::without_effect("--concurrency", "it is for ASGI");
            self.tell(told.hint("for WSGI it is `--threads`"), &said.origin);
        }
    }

    fn check_jitter(&mut self) {
        let has_bound = value(&self.said.max_requests).0.is_some();
        if let (Some(said), false) =
            (written(&self.said.max_requests_jitter).filter(|said| said.value.0 > 0).cloned(), has_bound)
        {
            let told = Diagnostic::without_effect("--max-requests-jitter", "`--max-requests` is not given");
            self.tell(told, &said.origin);
        }
    }
}
