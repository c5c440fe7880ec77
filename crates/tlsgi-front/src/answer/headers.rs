//! The rules of a site about fields: what they make of a response's, and of a request's.

use std::borrow::Cow;

use tlsgi_config::config::{HeaderAction, HeaderRule};
use tlsgi_wire::MAX_FIELD;

use super::place::Place;
use crate::http::field::{FieldBlock, walk};
use crate::http::head::RequestHead;

/// Most fields that rules leave in a response: what `add` makes of a list has an end.
const MOST_FIELDS: usize = 1000;

type Entry<'a> = (Cow<'a, str>, Cow<'a, [u8]>);

/// The fields of a response after the rules; none where no rule is about it.
pub(super) fn edited(rules: &[HeaderRule], place: &Place, fields: &[u8]) -> Option<Vec<u8>> {
    let mut applying = rules.iter().filter(|rule| place.is_in(&rule.prefix, rule.over)).peekable();
    applying.peek()?;
    let mut entries: Vec<Entry<'_>> =
        walk(fields).map(|(_, name, value)| (String::from_utf8_lossy(name), Cow::Borrowed(value))).collect();
    for rule in applying {
        edit(rule, &mut entries);
    }
    let mut block = FieldBlock::default();
    entries.iter().for_each(|(name, value)| block.push(name, value));
    Some(block.encoded().to_vec())
}

/// The head of a request as an application is to see it; none where no rule is about it.
pub(super) fn edited_request(rules: &[HeaderRule], place: &Place, head: &RequestHead) -> Option<RequestHead> {
    let mut applying = rules.iter().filter(|rule| place.is_in(&rule.prefix, rule.over)).peekable();
    applying.peek()?;
    let mut head = head.clone();
    for rule in applying {
        let mut entries: Vec<Entry<'static>> = head
            .fields()
            .filter(|(_, name, _)| *name == rule.name.as_bytes())
            .map(|(_, _, value)| (Cow::Owned(rule.name.clone()), Cow::Owned(value.to_vec())))
            .collect();
        let before = entries.clone();
        edit(rule, &mut entries);
        if entries != before {
            head.retain_fields(|name| name != rule.name.as_bytes());
            entries.iter().for_each(|(name, value)| head.append_field(name, value));
        }
    }
    Some(head)
}

fn edit(rule: &HeaderRule, entries: &mut Vec<Entry<'_>>) {
    let is_it = |entry: &Entry<'_>| entry.0 == rule.name.as_str();
    let new = |value: &str| (Cow::Owned(rule.name.clone()), Cow::Owned(value.as_bytes().to_vec()));
    match &rule.action {
        HeaderAction::Remove => entries.retain(|entry| !is_it(entry)),
        HeaderAction::Set(value) => {
            // In the place of the first, so that an order that somebody chose stays.
            match entries.iter().position(is_it) {
                Some(at) => {
                    let mut place = 0;
                    entries.retain(|entry| {
                        place += 1;
                        place - 1 <= at || !is_it(entry)
                    });
                    if let Some(entry) = entries.get_mut(at) {
                        *entry = new(value);
                    }
                }
                None => entries.push(new(value)),
            }
        }
        HeaderAction::Add(value) if entries.len() < MOST_FIELDS => entries.push(new(value)),
        HeaderAction::Add(_) => {}
        HeaderAction::Default(value) => {
            if !entries.iter().any(is_it) {
                entries.push(new(value));
            }
        }
        HeaderAction::Append(value) => match entries.iter_mut().rfind(|entry| is_it(entry)) {
            Some((_, known)) if known.is_empty() => *known = Cow::Owned(value.as_bytes().to_vec()),
            Some((_, known)) => extend(known, &[b", ", value.as_bytes()].concat()),
            None => entries.push(new(value)),
        },
        HeaderAction::Suffix(text) => {
            entries.iter_mut().filter(|entry| is_it(entry)).for_each(|(_, value)| extend(value, text.as_bytes()));
        }
    }
}

/// A value that would be longer than any may be stays as it is.
fn extend(value: &mut Cow<'_, [u8]>, text: &[u8]) {
    if value.len() + text.len() <= MAX_FIELD {
        value.to_mut().extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use tlsgi_config::config::Limits;
    use tlsgi_config::value::{RequestHeader, ResponseHeader, Value as _};
    use tlsgi_wire::HttpVersion;

    use super::*;
    use crate::http::head::Builder;
    use crate::route::Door;

    fn request(path: &str, fields: &[(&str, &str)]) -> RequestHead {
        let mut head = RequestHead::default();
        let limits = Limits::default();
        let mut builder = Builder::new(&mut head, HttpVersion::Http11, &limits);
        builder.method(b"GET").and_then(|()| builder.target(path.as_bytes())).expect("a request line");
        builder.field(b"Host", b"localhost").expect("a host");
        fields.iter().for_each(|(name, value)| builder.field(name.as_bytes(), value.as_bytes()).expect("a field"));
        builder.finish().expect("a head");
        head
    }

    fn shown<'a>(fields: impl Iterator<Item = (u8, &'a [u8], &'a [u8])>) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        fields.map(|(_, name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("|")
    }

    fn check(rules: &[&str], path: &str, door: Door, expect: Option<&str>) {
        let rules: Vec<_> = rules.iter().map(|rule| ResponseHeader::read(rule).expect("a rule").0).collect();
        let fields = FieldBlock::default().with("x-a", "1").with("vary", "cookie").with("x-a", "2");
        let place = Place::of(Some(&request(path, &[])), door);
        let edited = edited(&rules, &place, fields.encoded()).map(|fields| shown(walk(&fields)));
        assert_eq!(edited.as_deref(), expect, "{rules:?} {path}");
    }

    #[test]
    fn rules_are_followed_in_order() {
        let plain = |rules: &[&str], expect| check(rules, "/", Door::Https, Some(expect));
        plain(&["X-A: 3"], "x-a=3|vary=cookie");
        plain(&["X-B: 3"], "x-a=1|vary=cookie|x-a=2|x-b=3");
        plain(&["add X-A: 3"], "x-a=1|vary=cookie|x-a=2|x-a=3");
        plain(&["append Vary: accept"], "x-a=1|vary=cookie, accept|x-a=2");
        plain(&["append X-A: 3"], "x-a=1|vary=cookie|x-a=2, 3");
        plain(&["append X-C: 3"], "x-a=1|vary=cookie|x-a=2|x-c=3");
        plain(&["default X-A: 3", "default X-B: 4"], "x-a=1|vary=cookie|x-a=2|x-b=4");
        plain(&["suffix X-A: ;b"], "x-a=1;b|vary=cookie|x-a=2;b");
        plain(&["remove X-A"], "vary=cookie");
        plain(&["remove X-A", "remove Vary"], "");
        plain(&["remove X-A", "add X-A: 3", "X-A: 4"], "vary=cookie|x-a=4");
    }

    #[test]
    fn rules_hold_under_their_prefix_and_scheme() {
        check(&["remove /api X-A"], "/api/x", Door::Https, Some("vary=cookie"));
        check(&["remove /api X-A"], "/%61pi", Door::Https, Some("vary=cookie"));
        check(&["remove /api X-A"], "/apiary", Door::Https, None);
        check(&["remove /api X-A"], "/", Door::Https, None);
        check(&["remove https X-A"], "/", Door::Https, Some("vary=cookie"));
        check(&["remove https X-A"], "/", Door::Http, None);
        check(&["remove http X-A"], "/", Door::PlainOnTls, Some("vary=cookie"));
        check(&[], "/", Door::Https, None);
    }

    #[test]
    fn value_that_would_be_too_long_stays() {
        let rules = [ResponseHeader::read("suffix X-A: ;b").expect("a rule").0];
        let long = vec![b'x'; MAX_FIELD];
        let fields = FieldBlock::default().with("x-a", &long);
        let place = Place::of(None, Door::Https);
        assert_eq!(edited(&rules, &place, fields.encoded()).as_deref(), Some(fields.encoded()));
    }

    #[test]
    fn request_is_changed_for_the_application_alone() {
        let head = request("/x", &[("X-A", "1"), ("Cookie", "a=b"), ("X-A", "2"), ("Authorization", "Basic x")]);
        let rules: Vec<_> = ["remove Authorization", "X-A: 3", "append X-B: 4", "append Cookie: c=d"]
            .iter()
            .map(|rule| RequestHeader::read(rule).expect("a rule").0)
            .collect();
        let place = Place::of(Some(&head), Door::Https);
        let edited = edited_request(&rules, &place, &head).expect("rules hold");
        assert_eq!(shown(edited.fields()), "host=localhost|x-a=3|x-b=4|cookie=a=b, c=d");
        assert_eq!(shown(head.fields()), "host=localhost|x-a=1|cookie=a=b|x-a=2|authorization=Basic x");
        assert!(edited_request(&[], &place, &head).is_none());
    }
}
