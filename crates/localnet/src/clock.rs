//! The network's clock: it runs by itself, or stands where it was set.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use solana_clock::Clock as Sysvar;
use solana_epoch_schedule::EpochSchedule;
use surfpool_core::surfnet::{locker::SurfnetSvmLocker, svm::SurfnetSvm};

/// Setting the time makes a block, but not more often than this: a blockhash lives for 150 of them, and whoever signed with
/// one must have a second and more, however fast the time is turned.
const BETWEEN_BLOCKS: Duration = Duration::from_millis(10);

/// Reads and turns the clock of a network. Its copies turn the same clock.
#[derive(Clone)]
pub struct Clock {
    locker: SurfnetSvmLocker,
    slot_ms: u64,
    last_block: Arc<Mutex<Option<Instant>>>,
}

impl Clock {
    pub(crate) fn new(locker: SurfnetSvmLocker, slot_ms: u64) -> Self {
        Self { locker, slot_ms, last_block: Arc::default() }
    }

    /// The time that programs see, unix seconds.
    pub fn now(&self) -> i64 {
        self.locker.with_svm_reader(|svm| svm.inner.get_sysvar::<Sysvar>().unix_timestamp)
    }

    /// Sets the time that programs see, unix seconds, and stops it there: blocks follow one another, and time stands until it
    /// is set again or [runs free](Self::runs_free). The slot advances by one.
    ///
    /// Time may be set back, which programs do not expect: go to the past before anything is deployed. Slots of standing time
    /// have no length, and `surfnet_timeTravel` divides by that: do not mix the two.
    ///
    /// # Errors
    /// Before 1970 or beyond what milliseconds can count.
    pub fn set_time(&self, unix_time: i64) -> Result<()> {
        let milliseconds = u64::try_from(unix_time).ok().and_then(|seconds| seconds.checked_mul(1_000));
        let milliseconds =
            milliseconds.with_context(|| format!("{unix_time} is no time to set a clock to"))?;
        let makes_block = self.makes_block();
        self.locker.with_svm_writer(move |svm| {
            // Every block adds a slot's length to the time and writes the sysvar from it: adding 0, it stays exact.
            svm.slot_time = 0;
            svm.updated_at = milliseconds;
            svm.genesis_updated_at = milliseconds; // the time of blocks that nothing happened in
            if makes_block {
                return svm.confirm_current_block().map_err(|error| anyhow!("no block: {error}"));
            }
            enter_slot(svm, svm.latest_epoch_info.absolute_slot.saturating_add(1));
            Ok(())
        })
    }

    /// Lets time go on from where it stands: by a slot's length with each block, so at the real pace where blocks come by the
    /// clock.
    pub fn runs_free(&self) {
        let slot_ms = self.slot_ms;
        self.locker.with_svm_writer(move |svm| svm.slot_time = slot_ms);
    }

    /// Whether it is time for another block.
    fn makes_block(&self) -> bool {
        let mut last = self.last_block.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= BETWEEN_BLOCKS);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// Goes to a slot without making the blocks before it, at the time that the machine has.
pub fn enter_slot(svm: &mut SurfnetSvm, slot: u64) {
    let schedule = svm.inner.get_sysvar::<EpochSchedule>();
    let (epoch, index) = schedule.get_epoch_and_slot_index(slot);
    let info = &mut svm.latest_epoch_info;
    info.absolute_slot = slot;
    info.epoch = epoch;
    info.slot_index = index;
    info.slots_in_epoch = schedule.get_slots_in_epoch(epoch);
    // Milliseconds as seconds always fit.
    let unix_timestamp = i64::try_from(svm.updated_at / 1_000).unwrap_or(i64::MAX);
    svm.inner.set_sysvar(&Sysvar { slot, epoch, unix_timestamp, ..Sysvar::default() });
}
