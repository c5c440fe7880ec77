//! What to do with the workers of a pool: pure decisions about restarts and rolling replacement, no clock, no processes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Deaths before ready within [`LOOP_WINDOW`] that make a crash loop.
const LOOP_DEATHS: usize = 5;
const LOOP_WINDOW: Duration = Duration::from_secs(60);
/// A worker that served so long has proved itself: the next death starts again at once.
const PROVEN: Duration = Duration::from_secs(30);
/// Deaths of workers that had served, within [`LOOP_WINDOW`], that are put right without any pause: requests wait meanwhile.
const FREE_DEATHS: usize = 20;
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Longest pause between attempts that never get ready.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// Longest pause when workers do get ready and die later: the application loads, so waiting longer helps nobody.
const LONGEST_DELAY_AFTER_READY: Duration = Duration::from_secs(1);

/// When the next process may be started after deaths.
#[derive(Debug, Default)]
pub(super) struct Restart {
    deaths: u32,
    unready: VecDeque<Instant>,
    served: VecDeque<Instant>,
    not_before: Option<Instant>,
    is_looping: bool,
}

/// What a death means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One death: said and put right.
    Single,
    /// The death that makes it a crash loop: said once.
    LoopBegins,
    /// One more death of a crash loop that was reported.
    LoopGoesOn,
}

impl Restart {
    /// A process died; `served` is how long it was ready, `None` when it never was.
    pub(super) fn died(&mut self, now: Instant, served: Option<Duration>) -> Verdict {
        if served.is_some_and(|served| served >= PROVEN) {
            self.deaths = 0;
        }
        if served.is_some() {
            remember(&mut self.served, now);
            if self.served.len() <= FREE_DEATHS {
                return Verdict::Single;
            }
        }
        let longest = if served.is_some() { LONGEST_DELAY_AFTER_READY } else { LONGEST_DELAY };
        self.not_before = Some(now + delay(self.deaths, longest));
        self.deaths = self.deaths.saturating_add(1);
        if served.is_some() {
            return Verdict::Single;
        }
        remember(&mut self.unready, now);
        match (self.is_looping, self.unready.len() >= LOOP_DEATHS) {
            (true, _) => Verdict::LoopGoesOn,
            (false, true) => {
                self.is_looping = true;
                Verdict::LoopBegins
            }
            (false, false) => Verdict::Single,
        }
    }

    /// A process became ready; true when this ends a crash loop.
    pub(super) fn became_ready(&mut self) -> bool {
        self.unready.clear();
        std::mem::take(&mut self.is_looping)
    }

    /// Something changed that may have been the reason: the next attempt is made at once.
    pub(super) fn forgive(&mut self) {
        self.deaths = 0;
        self.not_before = None;
    }

    /// The earliest time of the next attempt, while it lies ahead.
    pub(super) fn waits_until(&self, now: Instant) -> Option<Instant> {
        self.not_before.filter(|&time| time > now)
    }

    /// Whether a crash loop was reported and not ended since.
    pub(super) fn is_looping(&self) -> bool {
        self.is_looping
    }
}

/// Counts a death, and forgets those of long ago.
fn remember(deaths: &mut VecDeque<Instant>, now: Instant) {
    deaths.push_back(now);
    deaths.retain(|&death| now.duration_since(death) < LOOP_WINDOW);
}

/// First at once, then doubling.
fn delay(deaths: u32, longest: Duration) -> Duration {
    match deaths.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(longest),
    }
}

/// One worker, as far as rolling needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    /// Its number.
    pub(super) worker: u64,
    /// Which state of code and configuration it runs.
    pub(super) generation: u64,
    /// Where it is in its life.
    pub(super) stage: Stage,
    /// It is to be replaced for a reason of its own: too many requests, too much memory, stuck.
    pub(super) is_unwanted: bool,
}

/// Where a worker is in its life, as far as rolling needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Importing.
    Starting,
    /// Serving.
    Ready,
    /// On its way out; it counts no more.
    Leaving,
}

/// How far a new generation may spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// One worker tries it; the others stay.
    Trial,
    /// It takes over, one worker after the other.
    Roll,
}

/// What a pool should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    /// The generation wanted.
    pub(super) generation: u64,
    /// How many workers.
    pub(super) count: usize,
    /// How far the wanted generation may spread.
    pub(super) spread: Spread,
    /// Whether a process may be started now.
    pub(super) may_start: bool,
}

/// A step towards the aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Start a worker of the wanted generation.
    Start,
    /// Let this one finish and go.
    Retire(u64),
    /// End this one, which never served and is not wanted any more.
    Discard(u64),
}

/// The next steps. Nobody is retired before the replacement is ready; at most one replacement starts at a time, while missing
/// workers start all at once.
pub(super) fn steps(seats: &[Seat], aim: Aim) -> Vec<Step> {
    let is_stale = |seat: &Seat| seat.generation != aim.generation || seat.is_unwanted;
    let (mut stale, mut fresh, mut coming, mut steps) = (Vec::new(), Vec::new(), 0, Vec::new());
    for seat in seats {
        match (seat.stage, is_stale(seat)) {
            (Stage::Ready, true) => stale.push(seat),
            (Stage::Ready, false) => fresh.push(seat),
            (Stage::Starting, true) => steps.push(Step::Discard(seat.worker)),
            (Stage::Starting, false) => coming += 1,
            (Stage::Leaving, _) => {}
        }
    }
    let present = fresh.len() + stale.len();
    let missing = aim.count.saturating_sub(present + coming);
    let outdated = aim.count.saturating_sub(fresh.len() + coming);
    let starts = match aim.spread {
        Spread::Trial => usize::from(fresh.len() + coming == 0),
        Spread::Roll if missing > 0 => missing,
        Spread::Roll => usize::from(coming == 0 && outdated > 0),
    };
    if aim.may_start {
        steps.extend(std::iter::repeat_n(Step::Start, starts));
    }
    if aim.spread == Spread::Roll {
        stale.sort_by_key(|seat| (!seat.is_unwanted, seat.worker));
        let surplus = present.saturating_sub(aim.count);
        steps.extend(stale.iter().chain(&fresh).take(surplus).map(|seat| Step::Retire(seat.worker)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Stage = Stage::Ready;
    const STARTING: Stage = Stage::Starting;

    fn seats(list: &[(u64, u64, Stage)]) -> Vec<Seat> {
        let seat = |&(worker, generation, stage)| Seat { worker, generation, stage, is_unwanted: false };
        list.iter().map(seat).collect()
    }

    fn aim(generation: u64, count: usize) -> Aim {
        Aim { generation, count, spread: Spread::Roll, may_start: true }
    }

    #[test]
    fn missing_workers_start_all_at_once() {
        assert_eq!(steps(&[], aim(1, 3)), vec![Step::Start; 3]);
        assert_eq!(steps(&seats(&[(1, 1, READY), (2, 1, STARTING)]), aim(1, 3)), vec![Step::Start]);
        assert_eq!(steps(&[], Aim { may_start: false, ..aim(1, 3) }), vec![]);
    }

    #[test]
    fn new_generation_takes_over_one_by_one_and_replacement_comes_first() {
        let mut list = vec![(1, 1, READY), (2, 1, READY)];
        assert_eq!(steps(&seats(&list), aim(2, 2)), vec![Step::Start]);
        list.push((3, 2, STARTING));
        assert_eq!(steps(&seats(&list), aim(2, 2)), vec![]);
        list[2].2 = READY;
        assert_eq!(steps(&seats(&list), aim(2, 2)), vec![Step::Start, Step::Retire(1)]);
        list[0].2 = Stage::Leaving;
        list.push((4, 2, READY));
        assert_eq!(steps(&seats(&list), aim(2, 2)), vec![Step::Retire(2)]);
        list[1].2 = Stage::Leaving;
        assert_eq!(steps(&seats(&list), aim(2, 2)), vec![]);
    }

    #[test]
    fn trial_starts_one_and_retires_nobody() {
        let trial = Aim { spread: Spread::Trial, ..aim(2, 2) };
        let mut list = vec![(1, 1, READY), (2, 1, READY)];
        assert_eq!(steps(&seats(&list), trial), vec![Step::Start]);
        list.push((3, 2, READY));
        assert_eq!(steps(&seats(&list), trial), vec![]);
    }

    #[test]
    fn start_of_an_outdated_generation_is_given_up() {
        let list = seats(&[(1, 1, READY), (2, 2, STARTING)]);
        assert_eq!(steps(&list, aim(3, 1)), vec![Step::Discard(2), Step::Start]);
    }

    #[test]
    fn unwanted_worker_goes_first_and_only_when_replaced() {
        let mut list = seats(&[(1, 1, READY), (2, 1, READY)]);
        list[1].is_unwanted = true;
        assert_eq!(steps(&list, aim(1, 2)), vec![Step::Start]);
        list.extend(seats(&[(3, 1, READY)]));
        assert_eq!(steps(&list, aim(1, 2)), vec![Step::Retire(2)]);
    }

    #[test]
    fn fewer_workers_retire_the_oldest() {
        let list = seats(&[(1, 1, READY), (2, 1, READY), (3, 1, READY)]);
        assert_eq!(steps(&list, aim(1, 1)), vec![Step::Retire(1), Step::Retire(2)]);
    }

    #[test]
    fn deaths_before_ready_back_off_to_ten_seconds_and_are_one_loop() {
        let (start, mut restart) = (Instant::now(), Restart::default());
        let mut now = start;
        let mut delays = Vec::new();
        let mut verdicts = Vec::new();
        for _ in 0..9 {
            verdicts.push(restart.died(now, None));
            let next = restart.waits_until(now).unwrap_or(now);
            delays.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert_eq!(verdicts[..4], [Verdict::Single; 4]);
        assert_eq!(verdicts[4], Verdict::LoopBegins);
        assert_eq!(verdicts[5..], [Verdict::LoopGoesOn; 4]);
        assert!(restart.became_ready());
        assert!(!restart.is_looping());
        assert!(!restart.became_ready());
    }

    #[test]
    fn slow_deaths_are_no_loop() {
        let (start, mut restart) = (Instant::now(), Restart::default());
        for minute in 0..20 {
            assert_eq!(restart.died(start + LOOP_WINDOW * minute, None), Verdict::Single);
        }
    }

    #[test]
    fn workers_that_served_are_replaced_at_once_until_it_gets_too_much() {
        let (now, mut restart) = (Instant::now(), Restart::default());
        let short = Some(Duration::from_secs(2));
        for _ in 0..FREE_DEATHS {
            assert_eq!(restart.died(now, short), Verdict::Single);
            assert_eq!(restart.waits_until(now), None);
        }
        for _ in 0..10 {
            restart.died(now, short);
        }
        assert_eq!(restart.waits_until(now), Some(now + LONGEST_DELAY_AFTER_READY));
        restart.died(now, Some(PROVEN));
        assert_eq!(restart.waits_until(now), None, "long service resets the delay");
    }
}
