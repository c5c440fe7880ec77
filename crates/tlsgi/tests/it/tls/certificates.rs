//! Where certificates come from: directories as other programs keep them, and their renewal.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::{HELLO, Kind, Root, server, subject};
use crate::harness::Server;

/// certbot's layout: `archive/NAME/fullchainN.pem`, and links to the newest in `live/NAME/`.
fn renew(root: &Root, name: &str, number: u32, kind: Kind) {
    let (archive, live) = (root.path("archive").join(name), root.path("live").join(name));
    std::fs::create_dir_all(&archive).expect("made");
    std::fs::create_dir_all(&live).expect("made");
    let (certificate, key) = root.pem(&[name], kind);
    for (stem, content) in [("privkey", key), ("fullchain", certificate)] {
        let file = format!("{stem}{number}.pem");
        std::fs::write(archive.join(&file), content).expect("written");
        let link = live.join(format!("{stem}.pem"));
        let beside = live.join(format!("{stem}.new"));
        symlink(Path::new("../../archive").join(name).join(file), &beside).expect("linked");
        std::fs::rename(beside, link).expect("swapped");
    }
}

fn live(root: &Root, name: &str) -> String {
    root.path("live").join(name).display().to_string()
}

#[test]
fn certbot_s_directories_are_served_and_followed_when_renewed() {
    let root = Root::new();
    renew(&root, "a.test", 1, Kind::Rsa);
    renew(&root, "b.test", 1, Kind::Ecdsa);
    let (a, b) = (live(&root, "a.test"), live(&root, "b.test"));
    let server = server(&["--certfile", &a, "--certfile", &b]);
    let named = |name: &str| subject(&server, &["-servername", name]);
    assert_eq!((named("a.test").as_str(), named("b.test").as_str()), ("a.test Rsa", "b.test Ecdsa"));
    renew(&root, "a.test", 2, Kind::Ecdsa);
    server.wait_until(|| named("a.test") == "a.test Ecdsa", "the renewed certificate");
    assert_eq!(named("b.test"), "b.test Ecdsa");
}

#[test]
fn sites_take_directories_too() {
    let root = Root::new();
    renew(&root, "a.test", 1, Kind::Ecdsa);
    let directory = live(&root, "a.test");
    let server = super::server_of_file(&format!(
        "[[site]]\nserver-name = 'x.test'\n[[site]]\nserver-name = 'a.test'\ncertfile = ['{directory}']\n"
    ));
    assert_eq!(subject(&server, &["-servername", "a.test"]), "a.test Ecdsa");
}

#[test]
fn a_name_that_another_certificate_has_is_not_missed() {
    let root = Root::new();
    let files = [root.issue("a", &["a.test"], Kind::Ecdsa), root.issue("b", &["b.test"], Kind::Ecdsa)];
    let mut arguments: Vec<&str> = files.iter().flat_map(super::Files::arguments).collect();
    arguments.extend(["--server-name", "a.test", "--server-name", "b.test"]);
    let complete = Server::with_source(HELLO, &arguments);
    assert!(!complete.log().contains("is not in the certificate"), "{}", complete.log());
    arguments.extend(["--server-name", "c.test"]);
    let lacking = Server::with_source(HELLO, &arguments);
    lacking.wait_for_log("c.test");
    assert!(!lacking.log().contains("a.test, "), "{}", lacking.log());
}

#[test]
fn a_pkcs12_file_serves_with_its_passphrase() {
    let root = Root::new();
    let files = root.issue("site", &["localhost"], Kind::Ecdsa);
    let (container, words) = (root.path("site.p12").display().to_string(), root.path("words").display().to_string());
    std::fs::write(&words, "correct horse\n").expect("written");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["pkcs12", "-export", "-in", &files.certificate, "-inkey", &files.key, "-out", &container]);
    let made = openssl.args(["-passout", &format!("file:{words}")]).output().expect("openssl runs");
    assert!(made.status.success(), "{}", super::text(&made));
    let sealed = server(&["--certfile", &container, "--key-passphrase-file", &words]);
    assert_eq!(subject(&sealed, &[]), "localhost Ecdsa");
    let told = super::refusal(&["--certfile", &container, "--key-passphrase-file", &files.certificate]);
    assert!(told.contains("passphrase"), "{told}");
}

#[test]
fn an_address_in_brackets_is_in_the_local_certificate() {
    let server = Server::with_source(HELLO, &["--host", "::1"]);
    let url = format!("https://[::1]:{}/", server.https.port());
    let page = server.curl(&[&url]);
    assert_eq!(String::from_utf8_lossy(&page.stdout), "hello", "{}", super::text(&page));
}
