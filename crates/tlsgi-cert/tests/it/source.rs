//! Directories that tools write, and noticing their changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use time::OffsetDateTime;
use tlsgi_cert::{Error, Loaded, Source};

use crate::harness::{Bench, complaint, run};

fn load(source: &Source) -> Result<Loaded, Error> {
    source.load(&[], OffsetDateTime::now_utc())
}

#[test]
fn directories_of_certbot_and_kubernetes_are_certificates() {
    for (certificate, key) in [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key")] {
        let bench = Bench::new();
        bench.self_signed("a");
        fs::create_dir(bench.path("live")).unwrap();
        symlink("../a.pem", bench.path("live").join(certificate)).unwrap();
        let source = Source::new(bench.path("live"), None, None);
        assert!(complaint(load(&source)).contains("is a directory without"));
        symlink("../a.key", bench.path("live").join(key)).unwrap();
        assert_eq!(load(&source).unwrap().facts.names, ["localhost"]);
        assert_eq!(source.files().unwrap().key, bench.path("live").join(key));
        let apart = Source::new(bench.path("live"), Some(bench.path("a.key")), None);
        assert!(load(&apart).is_ok());
    }
}

#[test]
fn only_new_content_counts_as_a_change() {
    let bench = Bench::new();
    bench.self_signed("a");
    bench.self_signed("b");
    let mut stamp = Source::new(bench.path("a.pem"), Some(bench.path("a.key")), None).stamp();
    assert!(stamp.changed().is_none());
    let text = bench.read("a.pem");
    bench.write("a.pem", &text);
    assert!(stamp.changed().is_none(), "touched");
    bench.write("new", &text);
    fs::rename(bench.path("new"), bench.path("a.pem")).unwrap();
    assert!(stamp.changed().is_none(), "replaced by its equal");
    fs::copy(bench.path("b.pem"), bench.path("new")).unwrap();
    fs::rename(bench.path("new"), bench.path("a.pem")).unwrap();
    let mut stamp = stamp.changed().expect("replaced");
    assert!(stamp.changed().is_none());
    fs::remove_file(bench.path("a.key")).unwrap();
    let mut stamp = stamp.changed().expect("removed");
    assert!(stamp.changed().is_none());
    fs::copy(bench.path("b.key"), bench.path("a.key")).unwrap();
    let mut stamp = stamp.changed().expect("back");
    // In place, with the same size, within one tick of the clock.
    bench.write("a.pem", bench.read("a.pem").replacen('M', "N", 1));
    assert!(stamp.changed().is_some(), "written over");
}

#[test]
fn a_swapped_link_on_the_way_to_a_file_is_a_change() {
    let bench = Bench::new();
    for name in ["a", "b"] {
        bench.self_signed(name);
        fs::create_dir(bench.path(&format!("..{name}"))).unwrap();
        fs::copy(bench.path(&format!("{name}.pem")), bench.path(&format!("..{name}/tls.crt"))).unwrap();
        fs::copy(bench.path(&format!("{name}.key")), bench.path(&format!("..{name}/tls.key"))).unwrap();
    }
    symlink("..a", bench.path("..data")).unwrap();
    symlink("..data/tls.crt", bench.path("tls.crt")).unwrap();
    symlink("..data/tls.key", bench.path("tls.key")).unwrap();
    let source = Source::new(bench.directory(), None, None);
    let mut stamp = source.stamp();
    let before = load(&source).unwrap().facts.fingerprint;
    let root = bench.directory().to_owned();
    assert_eq!(stamp.directories(), [root.clone(), root.join("..a")]);
    symlink("..b", bench.path("..next")).unwrap();
    fs::rename(bench.path("..next"), bench.path("..data")).unwrap();
    let stamp = stamp.changed().expect("the link was swapped");
    assert_ne!(load(&source).unwrap().facts.fingerprint, before);
    assert_eq!(stamp.directories(), [root.clone(), root.join("..b")]);
}

#[test]
fn a_loop_of_links_is_an_error_and_no_hang() {
    let bench = Bench::new();
    symlink("two", bench.path("one")).unwrap();
    symlink("one", bench.path("two")).unwrap();
    let source = Source::new(bench.path("one"), None, None);
    assert!(complaint(load(&source)).contains("cannot read"));
    let mut stamp = source.stamp();
    assert!(stamp.changed().is_none());
    assert!(!stamp.directories().is_empty());
}

#[test]
fn a_pipe_is_read_once_and_never_waited_for_again() {
    let bench = Bench::new();
    bench.self_signed("a");
    bench.join(&["a.pem", "a.key"], "both");
    let pipe = bench.path("pipe");
    run(Command::new("mkfifo").arg(&pipe));
    let source = Source::new(&pipe, None, None);
    let text = bench.read("both");
    let writer = std::thread::spawn(move || fs::write(pipe, text).unwrap());
    assert!(load(&source).is_ok());
    writer.join().unwrap();
    assert!(source.stamp().changed().is_none());
}

#[test]
fn dates_do_not_depend_on_the_time_zone() {
    const CHILD: &str = "TLSGI_CERT_TEST_DIRECTORY";
    if let Some(directory) = std::env::var_os(CHILD) {
        let source = Source::new(std::path::PathBuf::from(directory).join("a"), None, None);
        let loaded = load(&source).unwrap();
        let now = loaded.facts.not_after + time::Duration::seconds(1);
        let loaded = source.load(&[], now).unwrap();
        let messages = tlsgi_cert::messages(&loaded.findings, now);
        fs::write(
            std::env::var_os("TLSGI_CERT_TEST_OUTPUT").unwrap(),
            format!("{} {} {}", loaded.facts.summary(now), messages[0], loaded.renew_at()),
        )
        .unwrap();
        return;
    }
    let bench = Bench::new();
    bench.self_signed("a");
    bench.join(&["a.pem", "a.key"], "a");
    let said = ["UTC", "Asia/Kathmandu", "America/St_Johns", "XXX-14"].map(|zone| {
        let output = bench.path("said");
        run(Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "source::dates_do_not_depend_on_the_time_zone"])
            .env(CHILD, bench.directory())
            .env("TLSGI_CERT_TEST_OUTPUT", &output)
            .env("TZ", zone));
        fs::read_to_string(output).unwrap()
    });
    assert!(said[0].contains("expired on"), "{}", said[0]);
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
}
