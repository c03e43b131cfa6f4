//! What happened, out of a transaction's log.

use crate::addresses;
use anchor_lang::{Discriminator, prelude::Pubkey};
use base64::{Engine, prelude::BASE64_STANDARD};
use borsh::BorshDeserialize;
use plimsoll::events::*;

/// What numbers its events one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A margin account, a bank, a market or a stake, by address.
    Account(Pubkey),
    /// The exchange.
    Exchange,
    /// The risk board.
    Board,
    /// The insurance fund.
    Insurance,
}

/// A source's number of an event.
type Numbered = (Source, u64);

macro_rules! events {
    ($($name:ident: |$event:ident| $numbers:expr),+ $(,)?) => {
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

            /// Who numbered it, and the numbers, ascending for each source: a gap proves that an event was missed. One
            /// event may tell of several accounts; none where nobody counts it.
            pub fn sequences(&self) -> Vec<(Source, u64)> {
                let mut numbers: Vec<Numbered> = match self {
                    $(Self::$name($event) => $numbers.into(),)+
                };
                numbers.sort_unstable();
                numbers
            }
        }
    };
}

events! {
    Deposited: |event| [(Source::Account(event.account), event.sequence)],
    Withdrawn: |event| [(Source::Account(event.account), event.sequence)],
    BankRefreshed: |event| [(Source::Account(event.bank), event.sequence)],
    VaultShort: |event| [(Source::Account(event.bank), event.sequence)],
    BankResumed: |event| [(Source::Account(event.bank), event.sequence)],
    SurplusSkimmed: |event| [(Source::Account(event.bank), event.sequence)],
    PricesRefreshed: |event| [(Source::Board, event.sequence)],
    RefresherPaid: |event| [(Source::Account(event.account), event.sequence)],
    AccountOpened: |_event| [],
    AccountClosed: |event| [(Source::Account(event.account), event.sequence)],
    DelegateSet: |event| [(Source::Account(event.account), event.sequence)],
    ChangeQueued: |event| [(Source::Exchange, event.sequence)],
    ParameterChanged: |event| [(Source::Exchange, event.sequence)],
    ChangeDropped: |event| [(Source::Exchange, event.sequence)],
    PauseSet: |event| [(Source::Exchange, event.sequence)],
    AdminHandOver: |event| [(Source::Exchange, event.sequence)],
    ExchangeOpened: |event| [(Source::Exchange, event.sequence)],
    FeedAdded: |event| [(Source::Exchange, event.sequence)],
    BankRegistered: |event| [(Source::Exchange, event.sequence)],
    MarketCreated: |event| [(Source::Exchange, event.sequence)],
    MarketRefreshed: |event| [(Source::Account(event.market), event.sequence)],
    Ordered: |event| with_makers(Some((Source::Account(event.account), event.sequence)), &event.makers),
    Cancelled: |event| [(Source::Account(event.account), event.sequence)],
    FillsApplied: |event| with_makers(None, &event.makers),
    PnlSettled: |event| [(Source::Account(event.account), event.sequence)],
    PocketMoved: |event| [(Source::Account(event.account), event.sequence)],
    PositionModeSet: |event| [(Source::Account(event.account), event.sequence)],
    DeadManSet: |event| [(Source::Account(event.account), event.sequence)],
    TriggerPlaced: |event| [(Source::Account(event.account), event.sequence)],
    TriggerChanged: |event| [(Source::Account(event.account), event.sequence)],
    TriggerExecuted: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(event.keeper), event.keeper_sequence),
    ],
    FeesCollected: |event| [(Source::Account(event.market), event.sequence)],
    FeesPaid: |event| [(Source::Account(event.bank), event.sequence)],
    Deleveraged: |event| [(Source::Account(event.account), event.sequence)],
    MarginCall: |event| [(Source::Account(event.account), event.sequence)],
    Assessed: |event| [(Source::Account(event.account), event.sequence)],
    TakenOver: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(event.liquidator), event.liquidator_sequence),
    ],
    LiquidatedIntoBook: |event| {
        let mut numbers = with_makers(Some((Source::Account(event.account), event.sequence)), &event.makers);
        // A keeper who earned nothing has no number for it.
        numbers.extend(numbered(event.keeper, event.keeper_sequence));
        numbers
    },
    CollateralSwapped: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(event.liquidator), event.liquidator_sequence),
    ],
    PnlBought: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(event.liquidator), event.liquidator_sequence),
    ],
    ClosedByDeleveraging: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(market_at(event.market)), event.market_sequence),
    ],
    BankruptcyResolved: |event| {
        let own = [(Source::Account(event.account), event.sequence), (Source::Insurance, event.fund_sequence)];
        // A resolver who sold nothing has no number for it.
        own.into_iter().chain(numbered(event.resolver, event.resolver_sequence)).collect::<Vec<_>>()
    },
    StakeMoved: |event| [
        (Source::Account(event.account), event.sequence),
        (Source::Account(event.stake), event.stake_sequence),
        (Source::Insurance, event.fund_sequence),
    ],
    StakeCooled: |event| [(Source::Account(event.stake), event.sequence)],
    InsuranceEarned: |event| [
        (Source::Account(event.market), event.sequence),
        (Source::Insurance, event.fund_sequence),
    ],
    OutageEnded: |event| [(Source::Board, event.sequence)],
    BreakerOpened: |event| [(Source::Board, event.sequence)],
    WithdrawalsGated: |event| [(Source::Account(event.bank), event.sequence)],
    SettlementStarted: |event| [(Source::Account(event.market), event.sequence)],
    SettlementFixed: |event| [(Source::Account(event.market), event.sequence)],
    PositionSettled: |event| [(Source::Account(event.account), event.sequence)],
    MarketClosed: |event| [
        (Source::Account(event.market), event.sequence),
        (Source::Insurance, event.fund_sequence),
    ],
    LifeProved: |event| [(Source::Exchange, event.sequence)],
}

/// The account of the market at a place on the board.
fn market_at(index: u8) -> Pubkey {
    addresses::market(&addresses::exchange().address(), index).address()
}

/// A margin account's number, if it has one.
fn numbered(account: Pubkey, number: u64) -> Option<Numbered> {
    (number != 0).then_some((Source::Account(account), number))
}

/// The numbers of a batch of fills. What waits in the queue has no number yet: its maker's account was not at hand.
fn with_makers(own: Option<Numbered>, makers: &[MakerChange]) -> Vec<Numbered> {
    let settled = makers.iter().filter_map(|change| numbered(change.maker, change.sequence));
    own.into_iter().chain(settled).collect()
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
        assert_eq!(found[0].sequences(), [(Source::Account(event.bank), 9)]);
    }

    #[test]
    fn a_batch_of_fills_numbers_every_maker_that_was_settled_and_none_that_waits() {
        let fill = |maker, sequence| MakerChange {
            maker: Pubkey::new_from_array([maker; 32]),
            sequence,
            order: 2,
            lots: 1,
            price: 100,
            fee: 0,
            funding: 0,
            kind: 0,
        };
        let makers = vec![fill(7, 4), fill(8, 0), fill(7, 5)];
        let event = Event::FillsApplied(FillsApplied { market: 0, makers });
        let maker = Source::Account(Pubkey::new_from_array([7; 32]));
        assert_eq!(event.sequences(), [(maker, 4), (maker, 5)]);
    }
}
