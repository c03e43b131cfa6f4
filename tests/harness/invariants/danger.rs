//! Accounts in danger: nobody else is liquidated, and no worse than was allowed. Looked at instruction by instruction, right
//! before and right after each.

use super::past::{Past, is_about_danger};
use crate::{Chain, liquidator::flag};
use anchor_lang::{AnchorDeserialize, Discriminator};
use plimsoll::{
    instruction::*,
    state::{MarginAccount, Market},
};
use plimsoll_client::{decode, instructions::liquidation::Scope};
use plimsoll_risk::{
    deleveraging, funding,
    health::Check,
    layout::account::Position,
    liquidation::{self, Standing, insolvency_due},
    margin::Holdings,
    num::Quote,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// What is known before a transaction, to judge afterwards what it did to accounts in danger.
pub(crate) enum Danger {
    /// It has nothing to do with them.
    None,
    /// It is one instruction.
    One(Box<Past>),
    /// It is several: to be gone through again, one by one.
    Several(Box<Chain>),
}

impl Danger {
    pub fn of(chain: &Chain, instructions: &[Instruction]) -> Self {
        match instructions {
            [one] => Past::of(chain, one).map_or(Self::None, |past| Self::One(Box::new(past))),
            several if several.iter().any(is_about_danger) => Self::Several(Box::new(chain.clone())),
            _ => Self::None,
        }
    }

    /// Judges a transaction that went through.
    ///
    /// # Panics
    /// Where somebody healthy was liquidated, or a worst price was not respected.
    pub fn judge(self, chain: &Chain, instructions: &[Instruction]) {
        match self {
            Self::None => (),
            Self::One(past) => judge(&past, chain, &instructions[0]),
            Self::Several(mut replay) => {
                for instruction in instructions {
                    let past = Past::of(&replay, instruction);
                    replay.replays(instruction).must_succeed();
                    if let Some(past) = past {
                        judge(&past, &replay, instruction);
                    }
                }
            }
        }
    }
}

fn judge(past: &Past, chain: &Chain, instruction: &Instruction) {
    let Some(deed) = Deed::read(past, instruction) else { return };
    let after =
        |address: &Pubkey| -> MarginAccount { decode::read(chain.data(address)).expect("a margin account") };
    nobody_healthy_is_liquidated(past, &deed, &after(&deed.account));
    if let (What::TakeOver { worst_price }, Some(own), Some(market)) =
        (&deed.what, deed.own, deed.market(past))
    {
        let after = [after(&deed.account), after(&own)];
        worst_prices_are_respected(past, &deed, (&own, *worst_price), market, &after);
    }
}

/// What is done to an account.
enum What {
    Assess,
    /// Lots are taken over, at no worse a price than this, in ticks.
    TakeOver {
        worst_price: u32,
    },
    /// Another way of liquidation.
    Liquidate,
    Deleverage,
    Resolve,
}

/// An instruction, read.
struct Deed {
    what: What,
    account: Pubkey,
    scope: Scope,
    /// The liquidator's own margin account.
    own: Option<Pubkey>,
    /// The market's account.
    market: Option<Pubkey>,
}

impl Deed {
    /// Reads an instruction by the order of its accounts.
    fn read(past: &Past, instruction: &Instruction) -> Option<Self> {
        let (mark, mut args) = instruction.data.split_at(8);
        let at = |place: usize| instruction.accounts[place].pubkey;
        let (what, account, own, market, scope) = match mark {
            it if it == Assess::DISCRIMINATOR => (What::Assess, 0, None, None, Some(args[0])),
            it if it == TakeOver::DISCRIMINATOR => {
                let TakeOver { worst_price, .. } = TakeOver::deserialize(&mut args).expect("arguments");
                (What::TakeOver { worst_price }, 2, Some(1), Some(4), None)
            }
            it if it == LiquidateIntoBook::DISCRIMINATOR => (What::Liquidate, 1, Some(0), Some(3), None),
            it if it == SwapCollateral::DISCRIMINATOR => (What::Liquidate, 2, Some(1), None, None),
            it if it == BuyPnl::DISCRIMINATOR => (What::Liquidate, 2, Some(1), Some(4), None),
            it if it == Deleverage::DISCRIMINATOR => (What::Deleverage, 0, None, Some(2), None),
            it if it == ResolveBankruptcy::DISCRIMINATOR => (What::Resolve, 2, None, None, Some(args[0])),
            _ => return None,
        };
        let (account, market) = (at(account), market.map(at));
        let index = market.map(|market| past.market_at(&market));
        let scope = scope.map_or_else(|| past.scope_of(&account, index), Scope::from_code);
        Some(Self { what, account, scope, own: own.map(at), market })
    }

    fn market<'a>(&self, past: &'a Past) -> Option<&'a Market> {
        self.market.map(|market| &past.markets[&past.market_at(&market)])
    }
}

/// I-21 `nobody_healthy_is_liquidated`: a flag is set where Maintenance health is below 0 and renewed while health at the end
/// of a liquidation is; whoever is liquidated is flagged, not long ago proved, and that health is below 0 right before;
/// whoever is deleveraged is insolvent, and has been flagged for so long; whoever is resolved has no lots and no equity.
fn nobody_healthy_is_liquidated(past: &Past, deed: &Deed, after: &MarginAccount) {
    let (address, scope, now) = (&deed.account, deed.scope, past.now);
    let (before, after) = (flag(past.account(address), scope), flag(after, scope));
    let standing = || past.standing(address, deed.market(past), scope);
    match deed.what {
        What::Assess if after.flagged_at == 0 || after == before => (),
        What::Assess if before.is_live(now) => {
            assert_eq!(after.flagged_at, before.flagged_at, "an auction began anew for {address}");
            let health = past.health(address, scope, Check::LiquidationEnd);
            assert!(health.is_negative(), "{address} is still flagged, health {health:?}");
        }
        What::Assess => {
            let health = past.health(address, scope, Check::Maintenance);
            assert!(health.is_negative(), "{address} is flagged, health {health:?}");
        }
        What::TakeOver { .. } | What::Liquidate => {
            assert!(before.is_live(now), "{address} was liquidated without a flag: {before:?}");
            let Standing { liqend, .. } = standing();
            assert!(liqend.is_negative(), "{address} was liquidated, health {liqend:?}");
        }
        What::Deleverage => {
            let due = insolvency_due(before.flagged_at, past.board.header.insolvency_seconds, now);
            assert!(due, "{address} was deleveraged too early: {before:?}");
            let Standing { equity, .. } = standing();
            assert!(equity <= Quote::ZERO, "{address} was deleveraged, equity {equity:?}");
        }
        What::Resolve => {
            let legs = past.account(address).positions.iter().filter(|position| match scope {
                Scope::Cross => position.is_cross(),
                Scope::Pocket(market) => position.is_isolated() && position.market == market,
            });
            for position in legs {
                assert!(position.is_flat(), "{address} was resolved with {position:?}");
            }
            let Standing { equity, .. } = standing();
            let dust = past.board.header.liq_dust.max(Quote::new(1));
            assert!(equity < dust, "{address} was resolved, equity {equity:?}");
        }
    }
}

/// I-22 `worst_prices_are_respected`: a liquidator pays at most, and gets at least, what he allowed for the lots that he takes
/// over; he takes as many as the account gives, and not more of them than it had.
fn worst_prices_are_respected(
    past: &Past,
    deed: &Deed,
    (own, worst_price): (&Pubkey, u32),
    market: &Market,
    [account, taker]: &[MarginAccount; 2],
) {
    let gave = Change::of(past.position(&deed.account, market), position_in(account, market.index));
    let took = Change::of(past.position(own, market), position_in(taker, market.index));
    assert_eq!(gave.lots, -took.lots, "lots taken over in market {}", market.index);
    // What is paid for longs is below zero.
    let worst = -i128::from(took.lots) * i128::from(worst_price) * i128::from(market.tick_lot);
    assert!(took.quote >= worst, "{} lots for {}, not {worst}", took.lots, took.quote);
}

/// How a position changed.
struct Change {
    lots: i64,
    quote: i128,
}

impl Change {
    fn of(before: Position, after: Position) -> Self {
        Self {
            lots: i64::from(after.lots.get()) - i64::from(before.lots.get()),
            quote: i128::from(after.quote.get()) - i128::from(before.quote.get()),
        }
    }
}

fn position_in(account: &MarginAccount, market: u8) -> Position {
    let place = account.place_of(market);
    place.map_or_else(bytemuck::Zeroable::zeroed, |place| account.positions[place])
}

impl Past {
    /// The place on the board of a market's account.
    fn market_at(&self, address: &Pubkey) -> u8 {
        let places = self.board.markets.iter().take(usize::from(self.board.header.market_count));
        let mut places = places.enumerate().filter(|(_, terms)| terms.market.0 == address.to_bytes());
        places.next().expect("a market of the board").0 as u8
    }

    /// The scope that a position in a market belongs to; the cross part without a market.
    fn scope_of(&self, address: &Pubkey, market: Option<u8>) -> Scope {
        let isolated = |market: &u8| position_in(self.account(address), *market).is_isolated();
        market.filter(isolated).map_or(Scope::Cross, Scope::Pocket)
    }

    /// An account's position in a market, with deleveraging and funding applied.
    fn position(&self, address: &Pubkey, market: &Market) -> Position {
        let mut position = position_in(self.account(address), market.index);
        self.bring_up(&mut position, market);
        position
    }

    fn bring_up(&self, position: &mut Position, market: &Market) {
        let terms = &self.board.markets[usize::from(market.index)];
        let funding = market.premium.funding;
        let pending = deleveraging::apply(position, terms, funding).expect("deleveraging");
        if pending.is_none() {
            funding::apply(position, funding).expect("funding");
        }
    }

    /// Health of a scope of an account at one kind of check, native quote.
    fn health(&self, address: &Pubkey, scope: Scope, check: Check) -> Quote {
        scope_in(self.account(address), scope).measure(check, &self.view()).expect("a health").0
    }

    /// What stood behind a scope of an account, its position in a market brought up to date.
    fn standing(&self, address: &Pubkey, market: Option<&Market>, scope: Scope) -> Standing {
        let mut account = *self.account(address);
        if let Some(market) = market
            && let Some(place) = account.place_of(market.index)
        {
            self.bring_up(&mut account.positions[place], market);
        }
        Standing::of_scope(&scope_in(&account, scope), &self.view()).expect("a standing")
    }
}

/// A scope of an account, as the engine measures it.
fn scope_in(account: &MarginAccount, scope: Scope) -> liquidation::Scope<'_> {
    match scope {
        Scope::Cross => liquidation::Scope::Cross(Holdings::from(&account.0)),
        Scope::Pocket(market) => {
            let place = account.place_of(market).expect("an isolated position");
            liquidation::Scope::Pocket(&account.positions[place])
        }
    }
}
