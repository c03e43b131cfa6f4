//! What changes in the exchange in memory, for whoever waits for it: a keeper acts when something happens, not when a clock
//! of its own strikes.

use crate::stop::Stop;
use std::{
    collections::BTreeSet,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The chain's time.
    Clock,
    /// An oracle account.
    Oracle,
    /// The risk board: prices, indexes.
    Board,
    /// A margin account.
    Account,
    /// A side of a book, or a queue of fills.
    Book,
    /// A bank or a market.
    Place,
}

const TOPICS: usize = 6;

/// How often each topic has changed.
#[derive(Debug, Default)]
pub struct Pulse {
    counts: Mutex<[u64; TOPICS]>,
    bell: Condvar,
}

impl Pulse {
    /// These have changed; nothing happens where none has.
    pub fn rings(&self, topics: &BTreeSet<Topic>) {
        if topics.is_empty() {
            return;
        }
        let mut counts = self.counts();
        for topic in topics {
            if let Some(count) = counts.get_mut(*topic as usize) {
                *count = count.wrapping_add(1); // only compared
            }
        }
        self.bell.notify_all();
    }

    /// Whoever waits looks whether it is time to stop.
    pub fn wakes(&self) {
        let _counts = self.counts();
        self.bell.notify_all();
    }

    /// A number that is another one as soon as one of these topics has changed.
    pub fn of(&self, topics: &[Topic]) -> u64 {
        sum(&self.counts(), topics)
    }

    /// Waits until one of these topics is not any more what it was, until it is time to stop, or so long.
    pub fn waits(&self, topics: &[Topic], was: u64, most: Duration, stop: &Stop) {
        let same = |counts: &mut [u64; TOPICS]| sum(counts, topics) == was && !stop.is_set();
        let waited = self.bell.wait_timeout_while(self.counts(), most, same);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn counts(&self) -> MutexGuard<'_, [u64; TOPICS]> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sum(counts: &[u64; TOPICS], topics: &[Topic]) -> u64 {
    let of = |topic: &Topic| counts.get(*topic as usize).copied().unwrap_or(0);
    topics.iter().map(of).fold(0, u64::wrapping_add)
}

/// How long something took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    /// Longer than any test: whoever waits so long was not woken.
    const FOR_EVER: Duration = Duration::from_secs(3_600);

    #[test]
    fn whoever_waits_hears_of_its_topics_and_of_no_others() {
        let (pulse, stop) = (Pulse::default(), Stop::default());
        let mine = [Topic::Board, Topic::Account];
        let was = pulse.of(&mine);
        pulse.rings(&BTreeSet::from([Topic::Clock, Topic::Book]));
        assert_eq!(pulse.of(&mine), was);
        pulse.waits(&mine, was, Duration::from_millis(1), &stop);
        pulse.rings(&BTreeSet::from([Topic::Account]));
        assert_ne!(pulse.of(&mine), was);
        pulse.waits(&mine, was, FOR_EVER, &stop);
    }

    #[test]
    fn a_change_while_waiting_and_the_end_wake() {
        let shared = Arc::new((Pulse::default(), Stop::default()));
        let waits = |was| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.0.waits(&[Topic::Clock], was, FOR_EVER, &shared.1))
        };
        let waiter = waits(shared.0.of(&[Topic::Clock]));
        shared.0.rings(&BTreeSet::from([Topic::Clock]));
        assert!(waiter.join().is_ok());
        let waiter = waits(shared.0.of(&[Topic::Clock]));
        shared.1.set();
        shared.0.wakes();
        assert!(waiter.join().is_ok());
    }
}
