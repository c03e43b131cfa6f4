//! What happened, out of a transaction's log.

use anchor_lang::{Discriminator, prelude::Pubkey};
use base64::{Engine, prelude::BASE64_STANDARD};
use borsh::BorshDeserialize;
use plimsoll::events::*;

/// What numbers its events one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A margin account, a bank or the board, by address.
    Account(Pubkey),
    /// The exchange.
    Exchange,
}

macro_rules! events {
    ($($name:ident $(: |$event:ident| $source:expr)?),+ $(,)?) => {
        /// An event of the program.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Event {
            $($name($name),)+
        }

        impl Event {
            /// Reads one event, mark first; `None` for anything else.
            pub fn read(data: &[u8]) -> Option<Self> {
                $(if let Some(body) = data.strip_prefix($name::DISCRIMINATOR) {
                    return $name::try_from_slice(body).ok().map(Self::$name);
                })+
                None
            }

            /// Who numbered it, and its number: a gap proves that an event was missed. `None` for one without a number.
            pub fn sequence(&self) -> Option<(Source, u64)> {
                match self {
                    $(Self::$name(_event) => {
                        $(let $event = _event; return Some(($source, $event.sequence));)?
                        #[allow(unreachable_code)]
                        None
                    })+
                }
            }
        }
    };
}

events! {
    Deposited: |event| Source::Account(event.account),
    Withdrawn: |event| Source::Account(event.account),
    BankRefreshed: |event| Source::Account(event.bank),
    VaultShort: |event| Source::Account(event.bank),
    BankResumed: |event| Source::Account(event.bank),
    SurplusSkimmed: |event| Source::Account(event.bank),
    PricesRefreshed: |event| Source::Account(event.board),
    RefresherPaid: |event| Source::Account(event.account),
    AccountOpened,
    AccountClosed: |event| Source::Account(event.account),
    DelegateSet: |event| Source::Account(event.account),
    ChangeQueued: |_event| Source::Exchange,
    ParameterChanged: |_event| Source::Exchange,
    ChangeDropped: |_event| Source::Exchange,
    PauseSet: |_event| Source::Exchange,
    AdminHandOver: |_event| Source::Exchange,
    ExchangeOpened: |_event| Source::Exchange,
    FeedAdded: |_event| Source::Exchange,
    BankRegistered: |_event| Source::Exchange,
}

/// All events in the log of a transaction, in order.
pub fn in_log<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Event> {
    let data = lines.into_iter().filter_map(|line| line.strip_prefix("Program data: "));
    data.filter_map(|text| BASE64_STANDARD.decode(text).ok()).filter_map(|data| Event::read(&data)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Event as _;

    #[test]
    fn an_event_is_found_in_the_log_with_its_number() {
        let event = SurplusSkimmed { bank: Pubkey::new_from_array([5; 32]), sequence: 9, amount: 70 };
        let line = format!("Program data: {}", BASE64_STANDARD.encode(event.data()));
        let log = ["Program log: Instruction: X", &line, "Program data: AAAA", "Program data: ?"];
        let found = in_log(log);
        assert_eq!(found, [Event::SurplusSkimmed(event.clone())]);
        assert_eq!(found[0].sequence(), Some((Source::Account(event.bank), 9)));
    }
}
