//! Connections to an upstream that wait for their next request. One that the upstream ends, or says something on, is dropped at once.

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep_until};

use super::line::Line;

/// Most that wait, for one upstream and one thread of the front.
const MAX_IDLE: usize = 32;

/// How long one waits.
const IDLE: Duration = Duration::from_secs(30);

/// The shelf; the task that tidies it ends with it.
#[derive(Default)]
pub(super) struct Shelf {
    kept: Rc<RefCell<Kept>>,
    tidying: RefCell<JoinSet<()>>,
}

#[derive(Default)]
struct Kept {
    /// The longest unused first.
    lines: Vec<(Instant, Line)>,
    waker: Option<Waker>,
}

impl Shelf {
    /// The connection used last, if it was used within `fresh`.
    pub(super) fn take(&self, fresh: Option<Duration>) -> Option<Line> {
        let mut kept = self.kept.borrow_mut();
        loop {
            let (since, mut line) = kept.lines.pop()?;
            if fresh.is_some_and(|fresh| since.elapsed() > fresh) {
                kept.lines.push((since, line));
                return None;
            }
            if line.is_quiet() {
                return Some(line);
            }
        }
    }

    /// Keeps a connection that is through with a request.
    pub(super) fn put(&self, mut line: Line) {
        line.rest();
        let mut kept = self.kept.borrow_mut();
        if kept.lines.len() >= MAX_IDLE {
            kept.lines.remove(0);
        }
        kept.lines.push((Instant::now(), line));
        if let Some(waker) = kept.waker.take() {
            waker.wake();
        }
        drop(kept);
        let mut tidying = self.tidying.borrow_mut();
        while tidying.try_join_next().is_some() {}
        if tidying.is_empty() {
            tidying.spawn_local(tidy(Rc::clone(&self.kept)));
        }
    }
}

/// Drops what is of no use any more, until nothing is left.
async fn tidy(kept: Rc<RefCell<Kept>>) {
    let mut oldest = Box::pin(sleep_until(Instant::now() + IDLE));
    poll_fn(|cx| kept.borrow_mut().poll_tidy(&mut oldest, cx)).await;
}

impl Kept {
    fn poll_tidy(&mut self, oldest: &mut std::pin::Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.lines.retain_mut(|(since, line)| since.elapsed() < IDLE && line.poll_stirred(cx).is_pending());
            let Some((since, _)) = self.lines.first() else { return Poll::Ready(()) };
            oldest.as_mut().reset(*since + IDLE);
            if oldest.as_mut().poll(cx).is_pending() {
                self.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
    }
}
