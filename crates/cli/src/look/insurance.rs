//! The insurance: what stakers own, what covers losses, what each market keeps for itself, who waits to be covered.

use super::table::table;
use crate::{amounts::show_seconds, exchange::Exchange, figure::Figure};
use serde::Serialize;
use std::fmt;

/// The shared fund, and the markets' own parts of it.
#[derive(Debug, Serialize)]
pub struct InsuranceView {
    /// What covers a loss now: stakes, the fund's own, revenue that still streams in.
    pub cover: Figure,
    /// What stakes are worth together.
    pub stakes: Figure,
    /// What belongs to nobody's stake.
    pub own: Figure,
    /// Revenue that still streams in to the stakers.
    pub streaming: Figure,
    /// How long a stake cools before it may be redeemed, seconds.
    pub cooldown_seconds: u32,
    /// Accounts and pockets that are marked insolvent: while there are any, nobody redeems.
    pub insolvent: u32,
    /// Markets with an open deficit: likewise.
    pub open_deficits: u32,
    /// What the fund may still pay in the running window, by tier of markets.
    pub tiers: Vec<TierView>,
    /// By market.
    pub markets: Vec<TrancheView>,
}

/// One tier of markets.
#[derive(Debug, Serialize)]
pub struct TierView {
    /// Its number.
    pub tier: usize,
    /// What the fund may still pay for it in its running window.
    pub left: Figure,
    /// The most that it pays in one.
    pub cap: Figure,
}

/// One market's own part.
#[derive(Debug, Serialize)]
pub struct TrancheView {
    /// The market.
    pub market: String,
    /// The tier that it is of.
    pub tier: u8,
    /// What its own part has.
    pub insurance: Figure,
    /// Up to what it keeps its revenue.
    pub target: Figure,
    /// What its winners are owed that nobody will pay in.
    pub deficit: Figure,
}

impl InsuranceView {
    /// As it is; nothing before the fund is set up.
    pub fn of(exchange: &Exchange) -> Option<Self> {
        let (account, of) = (exchange.insurance.as_ref()?, exchange.quote());
        let mut fund = account.fund;
        fund.credit(exchange.now);
        let tokens = |amount: u64| Figure::tokens(amount, &of);
        let rules = &exchange.exchange;
        let tiers =
            account.tiers.iter().zip(&rules.tier_caps).enumerate().map(|(tier, (window, cap))| TierView {
                tier,
                left: Figure::cap(window.left(*cap, rules.tier_seconds, exchange.now).get(), &of),
                cap: Figure::cap(cap.get(), &of),
            });
        let markets = exchange.markets.iter().map(|entry| TrancheView {
            market: entry.name.clone(),
            tier: entry.market.tier,
            insurance: tokens(entry.market.insurance.get()),
            target: Figure::cap(entry.market.tranche_target.get(), &of),
            deficit: tokens(entry.market.deficit.get()),
        });
        Some(Self {
            cover: tokens(fund.cover().get()),
            stakes: tokens(fund.assets.get()),
            own: tokens(fund.own.get()),
            streaming: tokens(fund.streaming.get()),
            cooldown_seconds: fund.cooldown,
            insolvent: account.insolvent,
            open_deficits: account.open_deficits,
            tiers: tiers.collect(),
            markets: markets.collect(),
        })
    }

    /// Each market's own part, as rows.
    pub fn tranches(&self) -> impl Iterator<Item = [String; 4]> + '_ {
        self.markets.iter().map(|it| {
            [it.market.clone(), it.insurance.to_string(), it.target.to_string(), it.deficit.to_string()]
        })
    }
}

impl fmt::Display for InsuranceView {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "covers {}: stakes {}, own {}, streaming {}",
            self.cover, self.stakes, self.own, self.streaming
        )?;
        let cooldown = show_seconds(self.cooldown_seconds.into());
        writeln!(
            out,
            "insolvent {}, open deficits {}, a stake cools {cooldown}\n",
            self.insolvent, self.open_deficits
        )?;
        let tiers =
            self.tiers.iter().map(|it| [it.tier.to_string(), it.left.to_string(), it.cap.to_string()]);
        writeln!(out, "{}\n", table(&["tier", "left", "of"], tiers))?;
        write!(out, "{}", table(&["market", "own part", "target", "deficit"], self.tranches()))
    }
}
