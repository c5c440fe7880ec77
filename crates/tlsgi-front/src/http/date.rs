//! The Date field, rendered once a second per thread.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime};

thread_local! {
    static CACHE: RefCell<Option<(Instant, String)>> = const { RefCell::new(None) };
}

/// Calls `use_it` with the current IMF-fixdate (RFC 9110 5.6.7), at most one second old.
pub(crate) fn with_date<R>(use_it: impl FnOnce(&str) -> R) -> R {
    CACHE.with_borrow_mut(|cache| {
        let now = Instant::now();
        match cache {
            Some((at, text)) if now.duration_since(*at) < Duration::from_millis(500) => use_it(text),
            _ => use_it(&cache.insert((now, httpdate::fmt_http_date(SystemTime::now()))).1),
        }
    })
}
