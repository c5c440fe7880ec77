//! What a site does to requests and answers: fields, and the same over every version of HTTP.

mod auth;
mod compression;
mod guide;
mod headers;
mod pages;

use std::path::Path;

use crate::harness::Server;

/// How the same is asked for: HTTP/1.1, HTTP/2.
const VERSIONS: [&str; 2] = ["--http1.1", "--http2"];

/// An answer as curl shows it.
struct Shown {
    status: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Shown {
    /// Values of a field, in order, with `|` between them.
    fn field(&self, name: &str) -> String {
        let values = self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join("|")
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks over HTTPS. The body arrives as it came, in whatever coding.
fn ask(server: &Server, path: &str, words: &[&str]) -> Shown {
    ask_url(server, &server.url(path), words)
}

fn ask_url(server: &Server, url: &str, words: &[&str]) -> Shown {
    let mut all = vec!["--include", "--path-as-is", "--suppress-connect-headers"];
    all.extend(words);
    all.push(url);
    let output = server.curl(&all);
    assert!(output.status.success(), "{url} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    let end = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").to_owned();
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Shown { status, fields, body: output.stdout[end + 4..].to_vec() }
}

/// A file in a directory, and its path.
fn written(directory: &Path, name: &str, bytes: &[u8]) -> String {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("created");
    std::fs::write(&path, bytes).expect("written");
    path.display().to_string()
}
