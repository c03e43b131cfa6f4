//! A keeper's end, which everything that waits hears at once.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Whether it is time to stop.
#[derive(Debug, Default)]
pub struct Stop {
    is_set: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    /// It is time: whoever waits returns, whoever works finishes what was begun.
    pub fn set(&self) {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    /// Whether it is time.
    pub fn is_set(&self) -> bool {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until it is time; says whether it is.
    pub fn waits(&self, most: Duration) -> bool {
        let is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(is_set, most, |is_set| !*is_set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    #[test]
    fn whoever_waits_hears_it() {
        let stop = Arc::new(Stop::default());
        assert!(!stop.waits(Duration::from_millis(1)));
        let waiting = Arc::clone(&stop);
        let waiter = thread::spawn(move || waiting.waits(Duration::from_secs(3_600)));
        stop.set();
        assert!(waiter.join().expect("no panic") && stop.is_set());
    }
}
