//! Who is let in where, and how often a password is looked at.

use tlsgi_config::config::{AuthRule, Limits};
use tlsgi_wire::HttpVersion;

use super::*;
use crate::http::head::Builder;

/// `me` with `secret`, and `you` with `other`, in SHA-1.
const USERS: &str = "me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nyou:{SHA}0JQeaNqPOBUf+Gph/Fn3xc+fyqI=\n";

fn guard(rules: &[(&str, Option<&str>, &[&str])]) -> Guard {
    let rule = |(prefix, file, users): &(&str, Option<&str>, &[&str])| AuthRule {
        prefix: (*prefix).to_owned(),
        file: file.map(PathBuf::from),
        users: users.iter().map(|user| (*user).to_owned()).collect(),
    };
    let config = BasicAuth { rules: rules.iter().map(rule).collect(), realm: "R".to_owned(), forwards: false };
    let slow = format!("me:$2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n{USERS}");
    let passwords = [("/users", USERS), ("/none", ""), ("/slow", &slow)];
    let passwords = passwords.map(|(path, text)| (path.into(), text.to_owned())).to_vec();
    Guard::new(&config, &NamedFiles { passwords, ..NamedFiles::default() }).expect("files").expect("rules")
}

fn request(path: &str, authorization: &[&str]) -> RequestHead {
    let mut head = RequestHead::default();
    let limits = Limits::default();
    let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
    builder.method(b"GET").and_then(|()| builder.target(path.as_bytes())).expect("a request line");
    builder.field(b"Host", b"localhost").expect("a host");
    authorization.iter().for_each(|value| builder.field(b"Authorization", value.as_bytes()).expect("a field"));
    builder.finish().expect("a head");
    head
}

/// `me:secret`, `you:other`, `me:wrong`.
const ME: &str = "Basic bWU6c2VjcmV0";
const YOU: &str = "Basic eW91Om90aGVy";
const WRONG: &str = "Basic bWU6d3Jvbmc=";

async fn check(guard: &Guard, path: &str, authorization: &[&str], expect: Result<Option<&str>, Option<&str>>) {
    let admitted = guard.admit(&request(path, authorization), None).await;
    let expect = expect.map(|user| user.map(Into::into)).map_err(|user| Unadmitted::Ask(user.map(str::to_owned)));
    assert_eq!(admitted, expect, "{path} {authorization:?}");
}

#[tokio::test]
async fn users_are_let_in_with_their_passwords() {
    let guard = guard(&[("", Some("/users"), &[])]);
    check(&guard, "/", &[ME], Ok(Some("me"))).await;
    check(&guard, "/", &["bAsIc  bWU6c2VjcmV0"], Ok(Some("me"))).await;
    check(&guard, "/x", &[YOU], Ok(Some("you"))).await;
    check(&guard, "/", &[], Err(None)).await;
    check(&guard, "/", &[WRONG], Err(Some("me"))).await;
    check(&guard, "/", &["Bearer bWU6c2VjcmV0"], Err(None)).await;
    check(&guard, "/", &["Basic"], Err(None)).await;
    // Of two, an application could read the other one.
    check(&guard, "/", &[ME, ME], Err(None)).await;
}

#[tokio::test]
async fn every_spelling_of_a_path_obeys_its_rule() {
    let guard =
        guard(&[("/admin/open", None, &[]), ("/admin", Some("/users"), &["you"]), ("/none", Some("/none"), &[])]);
    for path in ["/", "/adminx", "/admin/open", "/admin/open/x", "/x/../y"] {
        check(&guard, path, &[], Ok(None)).await;
    }
    for path in
        ["/admin", "/admin/x", "/%61dmin", "//admin", "/x/../admin", "/admin;a/x", "/admin/open/../x", "/admin%2fx"]
    {
        check(&guard, path, &[], Err(None)).await;
        check(&guard, path, &[ME], Err(Some("me"))).await;
        check(&guard, path, &[YOU], Ok(Some("you"))).await;
    }
    check(&guard, "/none", &[ME], Err(Some("me"))).await;
    // Two readings, two rules: both have to be obeyed.
    check(&guard, "/none/../admin", &[YOU], Err(Some("you"))).await;
}

#[tokio::test]
async fn changed_file_holds_at_once() {
    let guard = guard(&[("", Some("/users"), &[])]);
    check(&guard, "/", &[ME], Ok(Some("me"))).await;
    let passwords = vec![("/users".into(), "you:{SHA}0JQeaNqPOBUf+Gph/Fn3xc+fyqI=".to_owned())];
    guard.replace(&NamedFiles { passwords, ..NamedFiles::default() }).expect("a file");
    check(&guard, "/", &[ME], Err(Some("me"))).await;
    check(&guard, "/", &[YOU], Ok(Some("you"))).await;
    let damaged = vec![("/users".into(), "you:plain".to_owned())];
    assert!(guard.replace(&NamedFiles { passwords: damaged, ..NamedFiles::default() }).is_err());
    check(&guard, "/", &[YOU], Ok(Some("you"))).await;
    assert!(matches!(guard.replace(&NamedFiles::default()), Err(AuthError::Missing(_))));
}

#[tokio::test]
async fn one_address_cannot_keep_others_waiting() {
    let guard = guard(&[("", Some("/slow"), &[])]);
    let address = |last| Some(IpAddr::from([192, 0, 2, last]));
    // Hashing takes longer than asking for it: all of them wait.
    let wrong: Vec<RequestHead> =
        (0..20).map(|at| request("/", &[&format!("Basic bWU6d3Jvbmc{}", char::from(b'a' + at))])).collect();
    let mut tries: Vec<_> = wrong.iter().map(|head| Box::pin(guard.admit(head, address(1)))).collect();
    let mut busy = 0;
    for one in &mut tries {
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(one.as_mut().poll(cx))).await;
        busy += usize::from(matches!(polled, std::task::Poll::Ready(Err(Unadmitted::Busy))));
    }
    assert_eq!(busy, 12);
    let mut other = Box::pin(guard.admit(&wrong[0], address(2)));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(other.as_mut().poll(cx))).await.is_pending());
    drop((tries, other));
    // Whoever leaves gives the place back.
    check(&guard, "/", &[YOU], Ok(Some("you"))).await;
    let wrong = request("/", &["Basic eW91Ondyb25n"]);
    assert_eq!(guard.admit(&wrong, address(1)).await, Err(Unadmitted::Ask(Some("you".to_owned()))));
}

#[test]
fn fields_that_could_name_a_user_are_known() {
    for name in ["remote-user", "x-remote-user", "remote.user", "auth-user", "x-auth-type", "x-webauth-user"] {
        assert!(is_about_users(name.as_bytes()), "{name}");
    }
    for name in ["user-agent", "authorization", "x-users", "remote"] {
        assert!(!is_about_users(name.as_bytes()), "{name}");
    }
}
