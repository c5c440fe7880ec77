//! The Python environment of development and tests: `target/venv`, with the worker module and the command inside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::command::{run, succeeds};

/// Packages of the examples and of the tests.
const REQUIREMENTS: &str = "python/tests/requirements.txt";

/// A virtual environment.
pub(crate) struct Environment {
    directory: PathBuf,
}

impl Environment {
    /// `target/venv`, made with `python` (default `python3`) and filled if need be.
    pub(crate) fn prepare(root: &Path) -> Result<Self> {
        let python = std::env::var("TLSGI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        Self::prepare_with(root, &python, "venv")
    }

    /// An environment of this name under `target/` for another interpreter.
    pub(crate) fn prepare_with(root: &Path, python: &str, name: &str) -> Result<Self> {
        let environment = Self { directory: root.join("target").join(name) };
        if !succeeds(environment.python().as_os_str(), &["-c", "import pip"]) {
            environment.create(python)?;
        }
        let requirements = root.join(REQUIREMENTS);
        let stamp = environment.directory.join("requirements.stamp");
        let wanted =
            std::fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
        if std::fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
            let file = requirements.display().to_string();
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", file.as_str()];
            run(environment.python().as_os_str(), &pip, root, &[])?;
            std::fs::write(&stamp, wanted).context("writing the stamp")?;
        }
        Ok(environment)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.directory.join("bin/python")
    }

    /// The command inside it.
    pub(crate) fn command(&self) -> PathBuf {
        self.directory.join("bin/tlsgi")
    }

    /// Builds the worker module and the command with this cargo profile and puts both into the environment; the Python
    /// package is used from the source tree.
    pub(crate) fn install(&self, root: &Path, profile: &str) -> Result<()> {
        let python = self.python().display().to_string();
        let build = ["build", "--profile", profile, "--package", "tlsgi-worker"];
        let module = [("PYO3_PYTHON", python.as_str()), ("PYO3_BUILD_EXTENSION_MODULE", "1")];
        run("cargo".as_ref(), &build, root, &module)?;
        run("cargo".as_ref(), &["build", "--profile", profile, "--package", "tlsgi"], root, &[])?;
        let built = target_directory(root).join(if profile == "dev" { "debug" } else { profile });
        // One module file for each interpreter version stands beside the sources of the package.
        let sources = root.join("python");
        replace(&built.join("lib_worker.so"), &sources.join("tlsgi").join(self.module_name()?))?;
        let path = self.site_packages()?.join("tlsgi.pth");
        std::fs::write(&path, format!("{}\n", sources.display()))
            .with_context(|| format!("writing {}", path.display()))?;
        replace(&built.join("tlsgi"), &self.command())
    }

    fn create(&self, python: &str) -> Result<()> {
        let directory = self.directory.display().to_string();
        let tools: [&[&str]; 2] =
            [&["-m", "venv", "--clear", &directory], &["-m", "virtualenv", "--clear", &directory]];
        for tool in tools {
            if succeeds(python.as_ref(), tool) && succeeds(self.python().as_os_str(), &["-c", "import pip"]) {
                return Ok(());
            }
        }
        bail!(
            "{python} can make no virtual environment: install its venv module (Debian: apt install python3-venv) or virtualenv"
        )
    }

    fn site_packages(&self) -> Result<PathBuf> {
        self.ask("import sysconfig; print(sysconfig.get_path('platlib'))").map(PathBuf::from)
    }

    fn module_name(&self) -> Result<String> {
        Ok(format!("_worker{}", self.ask("import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")?))
    }

    fn ask(&self, program: &str) -> Result<String> {
        let output =
            std::process::Command::new(self.python()).args(["-c", program]).output().context("running python")?;
        ensure!(output.status.success(), "{} failed: {}", program, String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Copies under a new inode: what runs keeps the old file.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let new = to.with_extension("new");
    std::fs::copy(from, &new).with_context(|| format!("copying {} to {}", from.display(), new.display()))?;
    std::fs::rename(&new, to).with_context(|| format!("moving {} into place", to.display()))
}
