//! Events: whoever misses one knows.

use crate::{History, ledger::Ledger};
use plimsoll_client::events::{Event, Source};

impl History {
    /// I-7 `events_are_numbered_without_gaps`
    pub(crate) fn events_are_numbered_without_gaps(&mut self, told: &[Event]) {
        for event in told {
            if let Event::AccountOpened(opened) = event {
                self.sequences.remove(&Source::Account(opened.account)); // an address may be opened again
            }
            for (source, number) in event.sequences() {
                let last = self.sequences.insert(source, number).unwrap_or(0);
                assert_eq!(number, last + 1, "an event of {source:?} is missing or doubled in {event:#?}");
            }
        }
    }

    fn last_of(&self, source: Source) -> u64 {
        self.sequences.get(&source).copied().unwrap_or(0)
    }
}

/// I-7, the other half: what accounts count is what was told.
pub(crate) fn counters_are_those_of_the_last_events(ledger: &Ledger, history: &mut History) {
    // A stake that was closed counts from 1 when it is opened again.
    let stakes = ledger.stakes.keys().copied().collect();
    for closed in std::mem::replace(&mut history.stakes, stakes).difference(&history.stakes) {
        history.sequences.remove(&Source::Account(*closed));
    }
    let history = &*history;
    let last_of = |address| history.last_of(Source::Account(address));
    for (address, account) in &ledger.accounts {
        assert_eq!(account.header.sequence, last_of(*address), "events of {address}");
    }
    for (address, bank) in ledger.banks.values() {
        assert_eq!(bank.sequence, last_of(*address), "events of bank {}", bank.index);
    }
    for trading in ledger.markets.values() {
        let market = trading.market;
        assert_eq!(market.sequence, last_of(trading.address), "events of market {}", market.index);
    }
    for (address, stake) in &ledger.stakes {
        assert_eq!(stake.sequence, last_of(*address), "events of the stake {address}");
    }
    if let Some(board) = ledger.board {
        assert_eq!(board.header.sequence, history.last_of(Source::Board), "events of the board");
    }
    if let Some(insurance) = ledger.insurance {
        assert_eq!(insurance.sequence, history.last_of(Source::Insurance), "events of the insurance fund");
    }
    if let Some(exchange) = ledger.exchange {
        assert_eq!(exchange.sequence, history.last_of(Source::Exchange), "events of the exchange");
    }
}
