//! How many handshakes a thread begins before it looks after its other connections: where thousands of clients connect at once, requests of
//! those that are connected would wait for all of them.

use std::cell::Cell;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{spawn_local, yield_now};

/// So many are begun in one turn of the loop. One takes up to a millisecond, nearly all of it at its begin.
const A_TURN: usize = 2;

/// While no more than so many are under way, none waits for its turn.
const FEW: usize = 4;

/// One for each thread.
#[derive(Debug)]
pub(crate) struct Turnstile {
    under_way: Cell<usize>,
    turns: Arc<Semaphore>,
}

impl Default for Turnstile {
    fn default() -> Self {
        Self { under_way: Cell::new(0), turns: Arc::new(Semaphore::new(A_TURN)) }
    }
}

impl Turnstile {
    /// Waits for the turn of a handshake whose first message is there, first come, first served. It is under way until what this gives is
    /// dropped.
    pub(super) async fn pass(&self) -> Passed<'_> {
        self.under_way.set(self.under_way.get() + 1);
        let passed = Passed(self);
        if self.under_way.get() > FEW
            && let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await
        {
            spawn_local(async move {
                yield_now().await;
                drop(turn);
            });
        }
        passed
    }
}

/// A handshake that is under way.
#[derive(Debug)]
pub(super) struct Passed<'a>(&'a Turnstile);

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    use tokio::task::LocalSet;

    use super::*;

    const CROWD: usize = 30;

    #[tokio::test]
    async fn of_many_handshakes_only_some_begin_in_one_turn_and_all_in_the_end() {
        let (turnstile, begun) = (Rc::new(Turnstile::default()), Rc::new(Cell::new(0)));
        LocalSet::new()
            .run_until(async {
                let tasks: Vec<_> = (0..CROWD)
                    .map(|_| {
                        let (turnstile, begun) = (Rc::clone(&turnstile), Rc::clone(&begun));
                        spawn_local(async move {
                            let passed = turnstile.pass().await;
                            begun.set(begun.get() + 1);
                            // The client's answer takes long.
                            std::future::pending::<()>().await;
                            drop(passed);
                        })
                    })
                    .collect();
                let (mut before, mut turns) = (0, 0);
                while begun.get() < CROWD {
                    yield_now().await;
                    let most = if turns == 0 { FEW + A_TURN } else { A_TURN };
                    assert!(begun.get() - before <= most, "{} in turn {turns}", begun.get() - before);
                    (before, turns) = (begun.get(), turns + 1);
                }
                assert!(turns >= (CROWD - FEW) / A_TURN);
                tasks.iter().for_each(tokio::task::JoinHandle::abort);
                for task in tasks {
                    assert!(task.await.is_err_and(|ended| ended.is_cancelled()));
                }
            })
            .await;
        assert_eq!(turnstile.under_way.get(), 0);
    }

    #[tokio::test]
    async fn a_few_handshakes_wait_for_nothing() {
        let turnstile = Turnstile::default();
        let mut under_way = Vec::new();
        for _ in 0..FEW {
            match Pin::new(&mut Box::pin(turnstile.pass())).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(passed) => under_way.push(passed),
                Poll::Pending => panic!("it waits"),
            }
        }
    }
}
