//! Markets: every long has its short, and every unit of profit somebody's loss.

use super::ledger::{Ledger, Trading};
use plimsoll_client::book::{QueuedFill, Side, TAKEN_OFF};
use plimsoll_risk::{
    fill, funding,
    layout::account::Position,
    num::{Lots, Quote},
};
use solana_pubkey::Pubkey;

/// Units of rounding that one instruction may leave in a market: funding is rounded once a position that it changes, and no
/// instruction changes more positions than a transaction has accounts.
const DUST_OF_ONE: u64 = 64;

/// I-10 `every_long_has_its_short`: the market counts the lots of all positions, and with waiting fills applied there are as
/// many long as short.
pub(super) fn every_long_has_its_short(ledger: &Ledger, trading: &Trading) {
    let (market, index) = (trading.market, trading.market.index);
    let (mut long, mut short, mut net) = (0u64, 0u64, 0i64);
    for (address, position) in ledger.positions(index) {
        let lots = i64::from(position.lots.get());
        long += lots.max(0).unsigned_abs();
        short += lots.min(0).unsigned_abs();
        net += i64::from(applied(trading, address, position).lots.get());
    }
    assert_eq!((market.long_lots, market.short_lots), (long, short), "lots counted in market {index}");
    assert_eq!(net, 0, "more long than short in market {index}, waiting fills counted");
}

/// I-11 `no_market_leaks`: pool + deficit = Σ quote of all positions + fees receivable + dust, with funding and waiting
/// fills applied; the dust is never negative and grows by rounding alone.
pub(super) fn no_market_leaks(ledger: &Ledger, trading: &Trading, operations: u64) {
    let (market, index) = (trading.market, trading.market.index);
    let (mut owed, mut positions) = (i128::from(market.fees_receivable.get()), 0u64);
    for (address, position) in ledger.positions(index) {
        owed += i128::from(applied(trading, address, position).quote.get());
        positions += 1;
    }
    let dust = i128::from(market.pool.get()) + i128::from(market.deficit.get()) - owed;
    assert!(dust >= 0, "market {index} leaks {} native quote", -dust);
    let bound = DUST_OF_ONE * operations + positions;
    assert!(dust <= i128::from(bound), "market {index} gathers dust: {dust} after {operations} operations");
}

/// A position as it will be once what waits for its account is applied, by the very steps that apply it: funding first,
/// then each fill with the fee that was charged for it, and its funding since it was matched.
fn applied(trading: &Trading, account: Pubkey, position: &Position) -> Position {
    let mut position = *position;
    funding::apply(&mut position, trading.market.premium.funding).expect("funding");
    for waiting in trading.waiting_for(account).filter(|waiting| waiting.is_fill()) {
        let QueuedFill { price, lots, fee, .. } = *waiting;
        let worth = Quote::new(trading.market.worth_at(price, lots).expect("a worth") as i64);
        let is_bid = waiting.side() == Side::Bid;
        let before = position.lots.get();
        fill::fill(&mut position, is_bid, lots.get(), worth, fee).expect("a fill that can be applied");
        let bought = Lots::new(position.lots.get() - before);
        let funding = trading.market.premium.funding;
        funding::charge_late(&mut position, bought, waiting.funding, funding).expect("funding");
    }
    position
}

/// I-12 `earmarks_are_what_markets_and_pockets_hold`: pools and pockets of the quote bank are the sums of the markets' and
/// the positions', and no other bank has any.
pub(super) fn earmarks_are_what_markets_and_pockets_hold(ledger: &Ledger) {
    let Some(board) = ledger.board else { return };
    let pools: u64 = ledger.markets.values().map(|trading| trading.market.pool.get()).sum();
    let all = ledger.accounts.values().flat_map(|account| &account.positions);
    let pockets: i64 = all.map(|position| position.pocket.get()).sum();
    for (index, (_, bank)) in &ledger.banks {
        let is_quote = *index == board.header.quote_bank;
        let expected = if is_quote { (pools, pockets.unsigned_abs()) } else { (0, 0) };
        assert_eq!((bank.pools.get(), bank.pockets.get()), expected, "earmarks of bank {index}");
    }
}

/// I-14 `the_queue_is_whole`: what waits lies between head and tail, is counted, and says all that its maker needs to know;
/// the head waits unless nothing does.
pub(super) fn the_queue_is_whole(trading: &Trading) {
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
