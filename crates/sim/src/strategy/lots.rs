//! Lots: into the book, taken over, deleveraged.

use super::{Action, BookQuestion, Outlook, Situation, case::Danger};
use plimsoll_risk::{
    RiskError,
    layout::{
        account::Position,
        market::{MARKET_SETTLING, MarketTerms},
    },
    liquidation::{Auction, Step, StepTerms, book_limit, fee_rate, step},
    num::{Price, Quote, Ratio},
};

/// A step on the largest leg that the book or the liquidator takes.
pub(super) fn reduce(
    situation: &Situation<'_>,
    danger: &Danger<'_>,
    outlook: &Outlook<'_>,
) -> Result<Option<Action>, RiskError> {
    for position in legs(situation)? {
        let market = position.market;
        let sized = situation.view.market(market).and_then(|terms| {
            let asked = asked(&terms.auction(), situation, danger);
            step(position, &danger.standing, &asked, &situation.view).map(|step| (terms, asked, step.lots))
        });
        let (terms, asked, lots) = match sized {
            Ok(sized) => sized,
            Err(RiskError::StaleMarket { .. } | RiskError::LowersHealth { .. }) => continue,
            Err(other) => return Err(other),
        };
        if lots == 0 {
            continue;
        }
        let is_long = position.lots.get() > 0;
        let rate = Step::rate_limit(&danger.standing, &asked, &terms);
        let question = BookQuestion { market, is_long, limit: book_limit(terms.lot_price, rate, is_long) };
        let depth = (outlook.book)(question).min(lots);
        let capacity = outlook.market(market).capacity.min(lots);
        if depth > 0 && (capacity == 0 || suffices(depth, lots, outlook.book_share)) {
            return Ok(Some(Action::IntoBook { market, most_lots: depth }));
        }
        if capacity > 0 {
            let worst_price = worst_price(situation, &terms, is_long, outlook.slippage);
            return Ok(Some(Action::TakeOver { market, most_lots: capacity, worst_price }));
        }
    }
    Ok(None)
}

/// Lots of an insolvent scope that nobody took until its deadline, against the other side.
pub(super) fn deleverage(
    situation: &Situation<'_>,
    danger: &Danger<'_>,
    outlook: &Outlook<'_>,
) -> Result<Option<Action>, RiskError> {
    let header = &situation.view.board.header;
    if danger.standing.equity > Quote::ZERO || !danger.case.is_overdue(header, situation.view.now) {
        return Ok(None);
    }
    for position in legs(situation)? {
        let market = position.market;
        let lots = u64::from(position.lots.magnitude()).min(outlook.market(market).counter_lots);
        let most_lots = u32::try_from(lots).unwrap_or(u32::MAX);
        if most_lots > 0 && situation.view.market(market).is_ok() {
            return Ok(Some(Action::Deleverage { market, most_lots }));
        }
    }
    Ok(None)
}

/// Positions with lots in markets that trade, the largest first, at equal size by market.
fn legs<'a>(situation: &Situation<'a>) -> Result<Vec<&'a Position>, RiskError> {
    let mut legs = Vec::new();
    for position in situation.positions().filter(|position| !position.lots.is_zero()) {
        let terms =
            situation.view.board.markets.get(usize::from(position.market)).ok_or(RiskError::Missing)?;
        if terms.state < MARKET_SETTLING {
            let product = u64::from(position.lots.magnitude()).saturating_mul(u64::from(terms.lot_price));
            legs.push((product.wrapping_shr(u32::from(terms.shift & 63)), position));
        }
    }
    legs.sort_by_key(|(worth, position)| (core::cmp::Reverse(*worth), position.market));
    Ok(legs.into_iter().map(|(_, position)| position).collect())
}

/// How anything is to be taken now in an auction.
pub(super) fn asked(auction: &Auction, situation: &Situation<'_>, danger: &Danger<'_>) -> StepTerms {
    StepTerms {
        rate: fee_rate(auction, danger.case.flag.flagged_at, situation.view.now),
        insurance_share: auction.insurance_share,
        dust: situation.view.board.header.liq_dust,
        most_lots: u32::MAX,
    }
}

/// Whether the book takes enough of a step to be preferred.
fn suffices(depth: u32, lots: u32, share: Ratio) -> bool {
    // Below 2^64 each: 32 bits by 32, and 32 by 30.
    let (has, needs) =
        (u64::from(depth) << 30, u64::from(lots).saturating_mul(u64::from(share.min(Ratio::ONE).get())));
    has >= needs
}

/// The price that the liquidator still accepts: a long is bought from the account, a short sold to it.
fn worst_price(situation: &Situation<'_>, terms: &MarketTerms, is_long: bool, slippage: Ratio) -> Price {
    let view = &situation.view;
    let own = view.board.feeds.get(usize::from(terms.feed)).map_or(Price::ZERO, |feed| feed.price);
    let price = view.overlay.price(terms.feed).map_or(own, |new| new.price);
    let room = price.mul_up(slippage.min(Ratio::ONE)).unwrap_or(price);
    if is_long {
        Price::new(price.get().saturating_add(room.get()).min(Price::LIMIT.saturating_sub(1)))
    } else {
        price.saturating_sub(room)
    }
}
