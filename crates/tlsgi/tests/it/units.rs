//! The units in the documentation are what systemd takes them for.

use std::path::Path;
use std::process::Command;

const PAGES: [&str; 2] = ["deploy.md", "guides/privileges.md"];

/// Name and text of every unit on a page: blocks that begin with the path they are for.
fn units(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(&path).expect("the page");
    let blocks = text.split("```ini\n").skip(1).filter_map(|rest| rest.split("```").next());
    let named = blocks.filter_map(|block| {
        let name = block.lines().next()?.strip_prefix("# /etc/systemd/system/")?;
        Some((name.to_owned(), block.to_owned()))
    });
    named.collect()
}

#[test]
fn units_of_the_documentation_are_accepted_without_a_complaint() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        eprintln!("skipped: systemd-analyze is not installed");
        return;
    };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let number: u32 = version.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0);
    for page in PAGES {
        let units = units(page);
        assert!(!units.is_empty(), "{page} has no unit");
        let directory = tempfile::tempdir().expect("directory");
        for (name, text) in &units {
            let mut text = text.clone();
            if number < 253 {
                // As the page says.
                text = text.replace("Type=notify-reload", "Type=notify");
            }
            let command = text.lines().find(|line| line.starts_with("ExecStart=")).map(str::to_owned);
            if let Some(command) = command {
                let program = command.split_whitespace().next().unwrap_or_default();
                text = text.replace(program, "ExecStart=/bin/true");
            }
            std::fs::write(directory.path().join(name), text).expect("unit");
        }
        let mut verify = Command::new("systemd-analyze");
        verify.args(["verify", "--man=no"]).args(units.iter().map(|(name, _)| directory.path().join(name)));
        let output = verify.output().expect("systemd-analyze runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let about_ours: Vec<&str> = said.lines().filter(|line| line.contains("shop")).collect();
        assert!(output.status.success() && about_ours.is_empty(), "{page}: {said}");
    }
}
