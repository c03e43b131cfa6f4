//! What the SDK says, tried on copies of a world.

use super::{
    PERPS, TOKENS,
    people::{STRANGERS, SUBJECT},
};
use harness::{World, oracle::Update, oracles::Quoted, perps::Perp, tokens::Token};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::{Side, Size, Ticks},
    errors,
    instructions::{liquidation, order::Order, refresh},
    portfolio::{Intent, Most, Portfolio, PositionValue, Way},
};
use plimsoll_risk::num::{PRICE_BITS, Price};
use solana_instruction::{Instruction, error::InstructionError};
use solana_transaction::TransactionError;

/// Decimals of the finest price that an oracle publishes: less than a unit of [`Price`] apart from the next.
const FINEST: i32 = -12;
/// Prices further away than this are not reached in one move: the feed would count as diverged.
const REACH: f64 = 0.45;

/// How much was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Liquidation prices, those of pockets included.
    pub liquidations: u32,
    /// Liquidation prices of pockets.
    pub pockets: u32,
    /// Orders.
    pub orders: u32,
    /// Orders that may only make the account safer.
    pub reductions: u32,
    /// Orders marked so that they only reduce.
    pub reduce_only: u32,
    /// Withdrawals.
    pub withdrawals: u32,
    /// Orders and withdrawals that something else than margin bounds.
    pub capped: u32,
}

/// Flagged at the price that the SDK says, and not one unit of the oracle's nearer to where it is safe.
pub fn liquidation_prices(world: &World, tally: &mut Tally) {
    let mut world = world.clone();
    world.passes(1);
    let account = world.account(SUBJECT);
    let portfolio = Portfolio::new(&account, world.board(), world.now());
    let values: Vec<PositionValue> = portfolio.positions().map(|value| value.expect("a value")).collect();
    for value in values {
        let perp = PERPS[usize::from(value.market)];
        // Below the lower price it is in danger, and above the upper one.
        let ends = [(value.liquidation.below, true), (value.liquidation.above, false)];
        for (end, is_below) in ends.into_iter().filter_map(|(end, is_below)| Some((end?, is_below))) {
            if (end.get() as f64 / value.index.get() as f64 - 1.0).abs() > REACH {
                continue;
            }
            // One already in danger has the prices at which that would end: on their other side it is safe.
            let is_below = is_below != value.liquidation.has_begun;
            let (danger, safe) = around(end, is_below);
            let said = format!("{} at {end:?}: {value:?}", perp.name);
            assert!(is_flagged_at(&world, perp, danger), "flagged in {said}");
            assert!(!is_flagged_at(&world, perp, safe), "not flagged in {said}");
            tally.liquidations += 1;
            tally.pockets += u32::from(value.isolated);
        }
    }
}

/// The last oracle price in danger and the first one that is not, on this side of a price in danger.
fn around(end: Price, is_below: bool) -> (Quoted, Quoted) {
    let at = |mantissa: u64| Price::from_decimal(mantissa, FINEST).expect("a price");
    let guess = (u128::from(end.get()) * 10u128.pow(FINEST.unsigned_abs())) >> PRICE_BITS;
    let guess = u64::try_from(guess).expect("a mantissa") - 2;
    let first_above = (guess..).find(|mantissa| at(*mantissa) > end).expect("a price above");
    let last_below = (guess..).take_while(|mantissa| at(*mantissa) < end).last().expect("a price below");
    let quoted = |mantissa: u64| Quoted { mantissa: mantissa as i64, exponent: FINEST };
    if is_below {
        (quoted(first_above - 1), quoted(first_above))
    } else {
        (quoted(last_below + 1), quoted(last_below))
    }
}

/// Whether what answers for a position is flagged once the oracle says this.
fn is_flagged_at(world: &World, perp: Perp, price: Quoted) -> bool {
    let mut copy = world.clone();
    let update = Update { price, ..copy.oracle().update(perp.token) };
    let oracle = copy.oracle().posts(perp.token, update);
    let (board, account) = (copy.exchange.board, copy.account_of(SUBJECT));
    let refresh = refresh::refresh_prices(board, &[(copy.feed_of(perp.token), oracle)], None);
    copy.chain.send(&[refresh]).must_succeed();
    let (scope, insurance) = (copy.scope_of(SUBJECT, perp), Some(copy.exchange.insurance));
    let assess = liquidation::assess(board, account, scope, insurance, &[]);
    let refused = copy.chain.send(&[assess]).error;
    assert!(refused.is_none() || code(refused.as_ref()) == Some(Refusal::NothingToDo), "{refused:?}");
    copy.flag_of(SUBJECT, scope).is_live(copy.now())
}

/// The largest order stands and one lot more does not, for the reason that the SDK gives.
pub fn largest_orders(world: &World, tally: &mut Tally) {
    for perp in PERPS {
        for side in [Side::Bid, Side::Ask] {
            for way in [Way::Takes, Way::Rests] {
                largest_order(world, perp, side, way, tally);
            }
        }
    }
}

fn largest_order(world: &World, perp: Perp, side: Side, way: Way, tally: &mut Tally) {
    let price = price_for(world, perp, side, way);
    let most = most(world, perp, Intent { side, price, way });
    let (lots, closes) = (most.amount.get(), closes(world, perp, side));
    let said = format!("{} {side:?} {way:?} at {price:?}: {most:?}", perp.name);
    let refused = |lots| {
        let mut copy = world.clone();
        if way == Way::Takes {
            offers(&mut copy, perp, side, lots, price);
        }
        orders(&copy, perp, order(side, lots, price, way))
    };
    assert!(lots == 0 || refused(lots).is_none(), "{said}");
    assert_eq!(refused(lots + 1), Some(most.refused), "{said}");
    if way == Way::Takes && (1..=lots).contains(&closes) {
        closes_and_goes_no_further(world, perp, side, closes, price);
        tally.reduce_only += 1;
    }
    tally.orders += 1;
    tally.reductions += u32::from(most.refused == Refusal::RaisesRisk);
    tally.capped += u32::from(most.refused != Refusal::NotEnoughMargin);
}

/// In a market that only takes reductions no more than her position is closed, though the book offers it.
pub fn reductions_where_nothing_else_goes(world: &World, tally: &mut Tally) {
    for (perp, side) in PERPS.into_iter().flat_map(|perp| [(perp, Side::Bid), (perp, Side::Ask)]) {
        for way in [Way::Takes, Way::Rests] {
            let (mut copy, price) = (world.clone(), price_for(world, perp, side, way));
            if way == Way::Takes {
                offers(&mut copy, perp, side, closes(world, perp, side) + 1, price);
            }
            copy.sets_in_market("market.reduce_only", perp, 1);
            let most = most(&copy, perp, Intent { side, price, way });
            let lots = most.amount.get();
            let said = format!("{} {side:?} {way:?} at {price:?}: {most:?}", perp.name);
            assert!(lots == 0 || orders(&copy, perp, order(side, lots, price, way)).is_none(), "{said}");
            assert_eq!(orders(&copy, perp, order(side, lots + 1, price, way)), Some(most.refused), "{said}");
            tally.reductions += u32::from(lots > 0);
        }
    }
}

/// What the SDK says of an order of hers.
fn most(world: &World, perp: Perp, intent: Intent) -> Most<Size> {
    let account = world.account(SUBJECT);
    Portfolio::new(&account, world.board(), world.now()).max_order(&world.market(perp), &intent)
}

/// A taker pays a little more than the index, a maker a little less.
fn price_for(world: &World, perp: Perp, side: Side, way: Way) -> Ticks {
    let index = world.clone().oracle_ticks(perp);
    let is_above = (side == Side::Bid) == (way == Way::Takes);
    Ticks::new(if is_above { index + index / 400 } else { index - index / 400 })
}

/// Lots of her position that a side closes.
fn closes(world: &World, perp: Perp, side: Side) -> u32 {
    let held = world.lots(SUBJECT, perp);
    if (held < 0) == (side == Side::Bid) { held.unsigned_abs() } else { 0 }
}

fn order(side: Side, lots: u32, price: Ticks, way: Way) -> Order {
    let order = Order::limit(side, lots, price.get());
    if way == Way::Rests { order.post_only() } else { order.fill_or_kill() }
}

/// So many lots wait for her order. Two offer them, so that neither meets the cap on one account before she does.
fn offers(world: &mut World, perp: Perp, side: Side, lots: u32, price: Ticks) {
    for (name, part) in STRANGERS.into_iter().zip([lots / 2, lots - lots / 2]) {
        if part > 0 {
            world.trader(name).places(perp, order(side.opposite(), part, price, Way::Rests));
        }
    }
}

/// Why the program refuses an order of hers; nothing where it takes it.
fn orders(world: &World, perp: Perp, order: Order) -> Option<Refusal> {
    let mut copy = world.clone();
    let makers = STRANGERS.map(|name| copy.account_of(name));
    let places = copy.trader(SUBJECT).trading(perp).place(&order, &[], &makers);
    refusal(&mut copy, places)
}

fn closes_and_goes_no_further(world: &World, perp: Perp, side: Side, closes: u32, price: Ticks) {
    let mut copy = world.clone();
    offers(&mut copy, perp, side, closes + 1, price);
    let order = Order::limit(side, closes + 1, price.get()).immediate().reduce_only();
    copy.trader(SUBJECT).meeting(&STRANGERS).places(perp, order);
    assert_eq!(copy.lots(SUBJECT, perp), 0, "{} {side:?}", perp.name);
}

/// The largest withdrawal is paid out and one native unit more is not, for the reason that the SDK gives.
pub fn largest_withdrawals(world: &World, tally: &mut Tally) {
    for token in TOKENS {
        for may_borrow in [false, true] {
            let account = world.account(SUBJECT);
            let portfolio = Portfolio::new(&account, world.board(), world.now());
            let most = portfolio.max_withdrawal(&world.bank(token), may_borrow);
            let amount = most.amount.get();
            let said = || format!("{} {may_borrow}: {most:?}", token.name);
            if amount > 0 {
                assert_eq!(withdraws(world, token, amount, may_borrow), None, "{}", said());
            }
            assert_eq!(withdraws(world, token, amount + 1, may_borrow), Some(most.refused), "{}", said());
            tally.withdrawals += 1;
            tally.capped +=
                u32::from(![Refusal::NotEnoughMargin, Refusal::WouldBorrow].contains(&most.refused));
        }
    }
}

/// Why the program refuses a withdrawal; nothing where it pays out.
fn withdraws(world: &World, token: Token, amount: u64, may_borrow: bool) -> Option<Refusal> {
    let mut copy = world.clone();
    let withdraws = copy.trader(SUBJECT).outflow(token).withdraw(amount, may_borrow, &[]);
    refusal(&mut copy, withdraws)
}

fn refusal(world: &mut World, instruction: Instruction) -> Option<Refusal> {
    let receipt = world.chain.send(&[instruction]);
    let error = receipt.error.as_ref()?;
    Some(code(Some(error)).unwrap_or_else(|| panic!("{error:?}\n{}", receipt.logs.join("\n"))))
}

fn code(error: Option<&TransactionError>) -> Option<Refusal> {
    match error? {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => errors::refusal(*code),
        _ => None,
    }
}
