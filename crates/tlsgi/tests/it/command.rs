//! What the command says and how it ends, without serving.

use std::process::Output;

use crate::harness::command;

/// Runs the command in an empty directory with these files.
fn run(arguments: &[&str], files: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("a file");
    }
    command().args(arguments).current_dir(directory.path()).output().expect("the command")
}

fn check(arguments: &[&str], files: &[(&str, &str)], status: i32, said: &[&str]) {
    let output = run(arguments, files);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
    for part in said {
        assert!(text.contains(part), "{arguments:?}: {part:?} is not in {text}");
    }
}

#[test]
fn mistyped_option_names_the_nearest_and_exits_with_2() {
    check(&["serve", "app.py", "--thread", "3"], &[], 2, &["unknown option `--thread`", "did you mean `--threads`?"]);
}

#[test]
fn error_in_the_file_points_into_it() {
    let file = ("tlsgi.toml", "app = \"app:app\"\nhsts = \"max-age=soon\"\n");
    check(&[], &[file], 2, &["--> tlsgi.toml:2:8", "2 | hsts = \"max-age=soon\"", "  |        ^^^^"]);
}

#[test]
fn named_file_must_exist() {
    check(&["--config", "nowhere.toml", "app"], &[], 2, &["cannot read the configuration file nowhere.toml"]);
}

#[test]
fn missing_directory_is_an_error_of_its_option() {
    check(&["app.py", "--static", "/static=nowhere"], &[], 2, &["`--static`: ", "/nowhere does not exist"]);
    check(&["check", "app.py", "--chdir", "file"], &[("file", "")], 2, &["`--chdir`: ", "/file is not a directory"]);
}

#[test]
fn missing_certificate_exits_with_4() {
    check(&["check", "app.py", "--certfile", "nowhere.pem"], &[("app.py", "")], 4, &["nowhere.pem"]);
}

#[test]
fn config_show_says_where_every_value_was_written() {
    let file = ("tlsgi.toml", "app = \"app:app\"\nthreads = 7\n");
    let said = ["threads = 7", "# tlsgi.toml:2:11", "processes = 2", "# --workers", "https-port = 8443", "# default"];
    check(&["config", "show", "--workers", "2"], &[file], 0, &said);
}

#[test]
fn help_fits_a_screen_and_leads_to_the_rest() {
    let output = run(&["--help"], &[]);
    let text = String::from_utf8(output.stdout).expect("help in UTF-8");
    assert!(text.lines().count() <= 40, "{} lines", text.lines().count());
    assert!(text.contains("--help-all"), "{text}");
    check(&["--help-all"], &[], 0, &["--max-h2-resets", "--startup-timeout"]);
}

#[test]
fn version_manual_and_completions_are_printed() {
    check(&["--version"], &[], 0, &[concat!("tlsgi ", env!("CARGO_PKG_VERSION"))]);
    check(&["man"], &[], 0, &[".TH tlsgi 1", "EXIT STATUS"]);
    for shell in ["bash", "zsh", "fish"] {
        check(&["completions", shell], &[], 0, &["https-port"]);
    }
    check(&["completions", "tcsh"], &[], 2, &["bash, zsh, fish"]);
}
