//! Markets: every long has its short, and every unit of profit somebody's loss.

use crate::ledger::{Ledger, Trading};
use plimsoll_client::book::{QueuedFill, Side, TAKEN_OFF};
use plimsoll_risk::{
    deleveraging::{self, Residue},
    fill, funding,
    layout::account::Position,
    num::{Lots, Quote},
};
use solana_pubkey::Pubkey;

/// Units of rounding that one instruction may leave in a market: funding is rounded once a position that it changes, and no
/// instruction changes more positions than a transaction has accounts.
const DUST_OF_ONE: u64 = 64;
/// Units of rounding that applying what waits may leave of one position.
const DUST_OF_A_POSITION: u64 = 4;

/// I-10 `every_long_has_its_short`: the market counts the lots of all longs and of all shorts, with what a side has and its
/// positions do not say yet; and with deleveraging and waiting fills applied there are as many long as short. Once the
/// settlement price is fixed positions leave one by one, against that price.
pub(crate) fn every_long_has_its_short(ledger: &Ledger, trading: &Trading) {
    let (market, index) = (trading.market, trading.market.index);
    let (mut long, mut short) = (market.long_residue.lots, market.short_residue.lots);
    for (_, position) in ledger.positions(index) {
        let lots = i64::from(position.lots.get());
        long += lots.max(0);
        short -= lots.min(0);
    }
    let counted = (market.long_lots.cast_signed(), market.short_lots.cast_signed());
    assert_eq!(counted, (long, short), "lots counted in market {index}");
    let net = Whole::of(ledger, trading).lots;
    let is_settled = trading.terms.settlement_price != 0;
    assert!(is_settled || net == 0, "{net} more long than short in market {index}, waiting fills counted");
}

/// I-11 `no_market_leaks`: pool + deficit = Σ quote of all positions and of the protocol's rounding lots + fees and
/// insurance receivable + dust, with deleveraging, funding and waiting fills applied; the dust is never negative and grows
/// by rounding alone. Once the settlement price is fixed, what is still open counts at that price.
pub(crate) fn no_market_leaks(ledger: &Ledger, trading: &Trading, operations: u64) {
    let (market, terms, index) = (trading.market, trading.terms, trading.market.index);
    let whole = Whole::of(ledger, trading);
    let at_settlement =
        (i128::from(whole.lots) * i128::from(terms.settlement_price)) >> u32::from(terms.shift);
    let receivable = [market.fees_receivable, market.insurance_receivable];
    let owed = whole.quote + at_settlement + receivable.map(|it| i128::from(it.get())).iter().sum::<i128>();
    let dust = i128::from(market.pool.get()) + i128::from(market.deficit.get()) - owed;
    assert!(dust >= 0, "market {index} leaks {} native quote", -dust);
    let bound = DUST_OF_ONE * operations + DUST_OF_A_POSITION * whole.positions;
    assert!(dust <= i128::from(bound), "market {index} gathers dust: {dust} after {operations} operations");
}

/// All positions of a market and the residues of both sides, once what waits for them is applied.
struct Whole {
    /// Lots, long less short.
    lots: i64,
    /// Native quote.
    quote: i128,
    positions: u64,
}

impl Whole {
    fn of(ledger: &Ledger, trading: &Trading) -> Self {
        let (market, index) = (trading.market, trading.market.index);
        let mut residues = [market.long_residue, market.short_residue];
        let mut whole = Self { lots: 0, quote: 0, positions: 0 };
        for (address, position) in ledger.positions(index) {
            let position = applied(trading, address, position, &mut residues);
            whole.lots += i64::from(position.lots.get());
            whole.quote += i128::from(position.quote.get());
            whole.positions += 1;
        }
        for (residue, sign) in residues.iter().zip([1, -1]) {
            assert_eq!(residue.behind, 0, "nobody of market {index} is behind, but {residue:?}");
            whole.lots += sign * residue.lots;
            let funding = i128::from(sign * residue.lots) * i128::from(market.premium.funding);
            whole.quote += i128::from(residue.base.get()) - ceil(funding);
        }
        whole
    }
}

/// 2^-32 rounded up to whole units.
const fn ceil(parts: i128) -> i128 {
    -(-parts >> 32)
}

/// A position as it will be once what waits for its account is applied, by the very steps that apply it: what its side went
/// through and funding first, then each fill with the fee that was charged for it, and its funding since it was matched.
fn applied(trading: &Trading, account: Pubkey, position: &Position, residues: &mut [Residue; 2]) -> Position {
    let (mut position, funding) = (*position, trading.market.premium.funding);
    let residue = &mut residues[usize::from(position.lots.get() < 0)];
    match deleveraging::apply(&mut position, trading.terms, funding).expect("deleveraging") {
        Some(pending) => residue.absorb(&pending).expect("somebody who is behind"),
        None => drop(funding::apply(&mut position, funding).expect("funding")),
    }
    for waiting in trading.waiting_for(account).filter(|waiting| waiting.is_fill()) {
        let QueuedFill { price, lots, fee, .. } = *waiting;
        let worth = Quote::new(trading.market.worth_at(price, lots).expect("a worth") as i64);
        let is_bid = waiting.side() == Side::Bid;
        let before = position.lots.get();
        fill::fill(&mut position, is_bid, lots.get(), worth, fee).expect("a fill that can be applied");
        let bought = Lots::new(position.lots.get() - before);
        funding::charge_late(&mut position, bought, waiting.funding, funding).expect("funding");
    }
    position
}

/// I-12 `earmarks_are_what_markets_and_pockets_hold`: pools, pockets and insurance of the quote bank are the sums of the
/// markets' and the positions', the shared insurance fund included; and no other bank has any.
pub(crate) fn earmarks_are_what_markets_and_pockets_hold(ledger: &Ledger) {
    let Some(board) = ledger.board else { return };
    let pools: u64 = ledger.markets.values().map(|trading| trading.market.pool.get()).sum();
    let all = ledger.accounts.values().flat_map(|account| &account.positions);
    let pockets: i64 = all.map(|position| position.pocket.get()).sum();
    let insurance = ledger.insured();
    for (index, (_, bank)) in &ledger.banks {
        let is_quote = *index == board.header.quote_bank;
        let expected = if is_quote { (pools, pockets.unsigned_abs(), insurance) } else { (0, 0, 0) };
        let held = (bank.pools.get(), bank.pockets.get(), bank.insurance.get());
        assert_eq!(held, expected, "earmarks of bank {index}");
    }
}

/// I-14 `the_queue_is_whole`: what waits lies between head and tail, is counted, and says all that its maker needs to know;
/// the head waits unless nothing does.
pub(crate) fn the_queue_is_whole(trading: &Trading) {
    let (header, index) = (trading.queue.header(), trading.market.index);
    assert_eq!(Pubkey::from(header.market.0), trading.address, "the queue of market {index} is another's");
    assert!(header.head <= header.tail, "the queue of market {index} ends before it begins");
    let waiting: Vec<(u64, &QueuedFill)> = trading.queue.waiting().collect();
    assert_eq!(waiting.len(), header.live as usize, "waiting in market {index}");
    let first = waiting.first().map_or(header.tail, |(number, _)| *number);
    assert_eq!(first, header.head, "the queue of market {index} begins with what is applied");
    let of = |side| {
        let fills = waiting.iter().filter(|(_, fill)| fill.is_fill() && fill.side() == side);
        fills.map(|(_, fill)| u64::from(fill.lots.get())).sum::<u64>()
    };
    let counted = (trading.market.queued_bids, trading.market.queued_asks);
    assert_eq!(counted, (of(Side::Bid), of(Side::Ask)), "lots that wait in market {index}");
    for (number, fill) in waiting {
        let sound = !fill.lots.is_zero()
            && fill.order.side() == fill.side()
            && fill.closes <= 1
            && (fill.is_fill() || (TAKEN_OFF..TAKEN_OFF + 7).contains(&fill.kind));
        assert!(sound, "fill {number} of market {index}: {fill:?}");
    }
}
