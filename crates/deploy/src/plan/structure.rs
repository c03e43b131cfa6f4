//! What has to be created, and whether what is there already is what the manifest means.

use super::{Book, Item, Step};
use crate::{Fault, Manifest, State, state::Board, state::Upgrade};
use plimsoll::state::RiskBoard;
use solana_pubkey::Pubkey;

/// What one instruction adds to an account.
const STEP: usize = 10_240;

/// What has to be created, in the order in which it can be.
pub fn steps(manifest: &Manifest, state: &State) -> Vec<Step> {
    let mut steps = Vec::new();
    for (place, (bank, mint)) in manifest.banks.iter().zip(&state.mints).enumerate() {
        if mint.is_none() && bank.local.is_some() {
            steps.push(Step::CreateMint(item(place, &bank.name)));
        }
    }
    if state.exchange.is_none() {
        steps.push(Step::CreateExchange);
    }
    let bytes = match &state.board {
        Board::Missing => {
            steps.push(Step::CreateBoard);
            STEP
        }
        Board::Growing(bytes) => *bytes,
        Board::Ready(_) => RiskBoard::SPACE,
    };
    if bytes < RiskBoard::SPACE {
        steps.push(Step::GrowBoard((RiskBoard::SPACE - bytes).div_ceil(STEP)));
    }
    steps.extend(items(&manifest.feeds, |it| &it.name).skip(state.feeds()).map(Step::AddFeed));
    steps.extend(items(&manifest.banks, |it| &it.name).skip(state.banks.len()).map(Step::RegisterBank));
    if !state.has_insurance {
        steps.push(Step::CreateInsurance);
    }
    steps.extend(items(&manifest.markets, |it| &it.name).skip(state.markets.len()).map(Step::CreateMarket));
    steps.extend(growths(manifest, state));
    steps
}

fn item(place: usize, name: &str) -> Item {
    Item { place, name: name.to_owned() }
}

/// What a list of the manifest names, with the places.
fn items<T>(list: &[T], name: impl Fn(&T) -> &String) -> impl Iterator<Item = Item> {
    list.iter().enumerate().map(move |(place, it)| item(place, name(it)))
}

/// Room that books lack. The queue is at most four steps long.
fn growths(manifest: &Manifest, state: &State) -> Vec<Step> {
    const MOST_OF_A_QUEUE: usize = 3;
    let mut steps = Vec::new();
    for (place, market) in manifest.markets.iter().enumerate() {
        let bytes = state.markets.get(place).map_or([STEP; 3], |listed| listed.book);
        let wanted = usize::from(market.growths);
        for (book, bytes, wanted) in [
            (Book::Bids, bytes[0], wanted),
            (Book::Asks, bytes[1], wanted),
            (Book::Queue, bytes[2], wanted.min(MOST_OF_A_QUEUE)),
        ] {
            let missing = (STEP * (wanted + 1)).saturating_sub(bytes).div_ceil(STEP);
            if missing > 0 {
                steps.push(Step::GrowBook(item(place, &market.name), book, missing));
            }
        }
    }
    steps
}

/// That nothing on the chain is something else than the manifest says and can never change.
///
/// # Errors
/// [`Fault::Refused`], naming it.
pub fn require_fit(manifest: &Manifest, state: &State) -> Result<(), Fault> {
    if state.exchange.is_none() && state.upgrade == Upgrade::NoProgram {
        return Err(Fault::Refused(format!("there is no program at {}: deploy it first", plimsoll::ID)));
    }
    if let Some(exchange) = &state.exchange {
        differs("exchange", "quote mint", Pubkey::from(exchange.quote_mint.0), manifest.quote().mint)?;
    }
    mints(manifest, state)?;
    banks(manifest, state)?;
    feeds(manifest, state)?;
    for (market, listed) in manifest.markets.iter().zip(&state.markets) {
        let Some(board) = state.board() else { continue };
        let terms = &board.markets[usize::from(listed.addresses.index)];
        differs(&market.name, "feed", u64::from(terms.feed), market.feed.into())?;
        differs(&market.name, "lots_per_unit", terms.lots_per_unit, market.lots_per_unit)?;
        differs(&market.name, "tick_lot", listed.market.tick_lot, market.tick_lot)?;
    }
    Ok(())
}

fn mints(manifest: &Manifest, state: &State) -> Result<(), Fault> {
    for (bank, mint) in manifest.banks.iter().zip(&state.mints) {
        match mint {
            None if bank.local.is_none() => {
                return Err(Fault::Refused(format!(
                    "{}: there is no mint {} on this chain",
                    bank.name, bank.mint
                )));
            }
            None => {}
            Some(mint) => {
                differs(&bank.name, "decimals", mint.decimals, bank.decimals)?;
                differs(&bank.name, "token program", mint.program, bank.token_program)?;
            }
        }
    }
    Ok(())
}

fn banks(manifest: &Manifest, state: &State) -> Result<(), Fault> {
    for (place, (bank, (_, found))) in manifest.banks.iter().zip(&state.banks).enumerate() {
        differs(&bank.name, "mint", Pubkey::from(found.mint.0), bank.mint)?;
        let feed = state.board().map(|board| board.banks[place].feed);
        if let (Some(feed), Some(wanted)) = (feed, bank.feed) {
            differs(&bank.name, "feed", feed, wanted)?;
        }
    }
    Ok(())
}

/// A feed's id is a parameter, but an id that stands at another place means that the manifest lost its order.
fn feeds(manifest: &Manifest, state: &State) -> Result<(), Fault> {
    let Some(board) = state.board() else { return Ok(()) };
    for (place, feed) in manifest.feeds.iter().enumerate() {
        let at = board.feeds.iter().take(state.feeds()).position(|it| it.pyth_feed_id.0 == feed.pyth);
        if let Some(at) = at.filter(|at| *at != place) {
            return Err(Fault::Refused(format!(
                "{}: on this chain it is feed {at}, in the manifest feed {place}: the order of feeds can never change",
                feed.name
            )));
        }
    }
    Ok(())
}

fn differs<T: PartialEq + std::fmt::Display>(
    subject: &str,
    what: &str,
    found: T,
    wanted: T,
) -> Result<(), Fault> {
    if found == wanted {
        return Ok(());
    }
    Err(Fault::Refused(format!(
        "{subject}: {what} is {found} on this chain, {wanted} in the manifest: that can never change; banks, feeds and \
         markets stand in the order of their places on the board"
    )))
}

/// What is on the chain and not in the manifest.
pub fn notes(manifest: &Manifest, state: &State) -> Vec<String> {
    let counts = [
        ("feeds", state.feeds(), manifest.feeds.len()),
        ("banks", state.banks.len(), manifest.banks.len()),
        ("markets", state.markets.len(), manifest.markets.len()),
    ];
    counts
        .into_iter()
        .filter(|(_, found, wanted)| found > wanted)
        .map(|(what, found, wanted)| {
            format!("{what}: {} on this chain that the manifest does not name", found - wanted)
        })
        .collect()
}
