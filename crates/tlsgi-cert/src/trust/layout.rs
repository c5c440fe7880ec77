//! How Linux distributions keep their anchors: where, under which ending, and who makes the bundle of them.

use super::command::Command;
use super::surroundings::Surroundings;

/// One family of distributions.
#[derive(Debug)]
pub(super) struct Layout {
    /// How people call it.
    pub(super) name: &'static str,
    /// Where anchors are put by administrators.
    pub(super) anchors: &'static str,
    ending: &'static str,
    refresh: &'static [&'static str],
    /// What is made of all anchors, the first that is there.
    pub(super) bundles: &'static [&'static str],
    /// How `certutil` is installed.
    pub(super) certutil: &'static str,
}

/// The first whose directory is there is the one.
pub(super) const LAYOUTS: [Layout; 4] = [
    Layout {
        name: "Red Hat",
        anchors: "/etc/pki/ca-trust/source/anchors",
        ending: "pem",
        refresh: &["update-ca-trust", "extract"],
        bundles: &["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt"],
        certutil: "dnf install nss-tools",
    },
    Layout {
        name: "Debian",
        anchors: "/usr/local/share/ca-certificates",
        ending: "crt",
        refresh: &["update-ca-certificates"],
        bundles: &["/etc/ssl/certs/ca-certificates.crt"],
        certutil: "apt install libnss3-tools",
    },
    Layout {
        name: "Arch",
        anchors: "/etc/ca-certificates/trust-source/anchors",
        ending: "crt",
        refresh: &["trust", "extract-compat"],
        bundles: &["/etc/ca-certificates/extracted/tls-ca-bundle.pem", "/etc/ssl/certs/ca-certificates.crt"],
        certutil: "pacman -S nss",
    },
    Layout {
        name: "SUSE",
        anchors: "/usr/share/pki/trust/anchors",
        ending: "pem",
        refresh: &["update-ca-certificates"],
        bundles: &["/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/ca-bundle.pem"],
        certutil: "zypper install mozilla-nss-tools",
    },
];

impl Layout {
    /// The one of the system that is meant.
    pub(super) fn of(around: &Surroundings) -> Option<&'static Self> {
        LAYOUTS.iter().find(|layout| around.system(layout.anchors).is_dir())
    }

    /// File of the anchor.
    pub(super) fn anchor(&self, stem: &str, around: &Surroundings) -> std::path::PathBuf {
        around.system(self.anchors).join(format!("{stem}.{}", self.ending))
    }

    /// The command after which programs see changed anchors.
    pub(super) fn refresh(&self, around: &Surroundings) -> Command {
        if around.is_live() {
            return Command::new([]).arguments(self.refresh.iter().copied()).by_root();
        }
        let below = |path: &str| around.system(path).display().to_string();
        match self.name {
            // Debian's program can be led elsewhere.
            "Debian" => Command::new(["update-ca-certificates"]).arguments([
                "--certsconf".to_owned(),
                below("/etc/ca-certificates.conf"),
                "--certsdir".to_owned(),
                below("/usr/share/ca-certificates"),
                "--localcertsdir".to_owned(),
                below(self.anchors),
                "--etccertsdir".to_owned(),
                below("/etc/ssl/certs"),
                "--hooksdir".to_owned(),
                below("/etc/ca-certificates/update.d"),
            ]),
            _ => Command::new(["chroot"])
                .arguments([around.sysroot.display().to_string()])
                .arguments(self.refresh.iter().copied()),
        }
        .by_root()
    }
}

impl Layout {
    /// As [`Self::refresh`]; Debian's program leaves links to what is gone unless it is told.
    pub(super) fn refresh_after_removal(&self, around: &Surroundings) -> Command {
        let refresh = self.refresh(around);
        if self.name == "Debian" { refresh.arguments(["--fresh"]) } else { refresh }
    }
}

/// How `certutil` is installed here, by the package program that is there.
pub(super) fn certutil_install(around: &Surroundings) -> String {
    let programs = [("apt", 1), ("dnf", 0), ("yum", 0), ("zypper", 3), ("pacman", 2)];
    let found = programs.iter().find(|(program, _)| around.program(program).is_some());
    match found {
        Some(("yum", _)) => "yum install nss-tools".to_owned(),
        Some((_, at)) => LAYOUTS.get(*at).map_or("", |layout| layout.certutil).to_owned(),
        None if around.program("brew").is_some() => "brew install nss".to_owned(),
        None if around.program("apk").is_some() => "apk add nss-tools".to_owned(),
        None => {
            "the package is libnss3-tools (Debian), nss-tools (Red Hat, Alpine), mozilla-nss-tools (SUSE) or nss (Arch)"
                .to_owned()
        }
    }
}
