//! Add feed: an underlying gets its place on the board; nothing depends on it yet.

use crate::{
    errors::Refusal,
    events::FeedAdded,
    state::{Exchange, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{Key as Address, board::MAX_FEEDS},
    num::Ratio,
    ramp::Ramp,
};

/// Cautious terms of a new feed; each is a parameter from then on.
const MAX_AGE: u32 = 60;
const MAX_CONFIDENCE: Ratio = Ratio::new(Ratio::ONE.get() / 50);
const MAX_DIVERGENCE: Ratio = Ratio::new(Ratio::ONE.get() / 10);
const STABLE_RATE: Ratio = Ratio::new(Ratio::ONE.get() / 100);
const FALLBACK_BAND: Ratio = Ratio::new(Ratio::ONE.get() / 20);
const VOLATILITY_FLOOR: Ratio = Ratio::new(Ratio::ONE.get() / 50);
const SHOCK: u32 = Ratio::ONE.get() / 2;
const SIGMA: u32 = Ratio::ONE.get() / 10;
const BASIS: u32 = Ratio::ONE.get() / 20;

#[derive(Accounts)]
pub struct AddFeed<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

impl AddFeed<'_> {
    fn validate(&self, pyth_feed_id: &[u8; 32]) -> Result<()> {
        let (exchange, board) = (self.exchange.load()?, self.board.load()?);
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        ensure!(usize::from(board.header.feed_count) < MAX_FEEDS, Refusal::BoardFull);
        ensure!(*pyth_feed_id != [0; 32], Refusal::OutOfBounds);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate(&pyth_feed_id))]
pub fn add_feed(ctx: Context<AddFeed>, pyth_feed_id: [u8; 32], switchboard: Pubkey) -> Result<()> {
    let mut board = ctx.accounts.board.load_mut()?;
    let index = board.header.feed_count;
    board.header.feed_count = index.checked_add(1).ok_or(Refusal::BoardFull)?;
    let feed = board.feeds.get_mut(usize::from(index)).ok_or(Refusal::BoardFull)?;
    feed.pyth_feed_id = Address(pyth_feed_id);
    feed.switchboard = Address(switchboard.to_bytes());
    feed.in_use = 1;
    feed.max_age = MAX_AGE;
    feed.max_confidence = MAX_CONFIDENCE;
    feed.max_divergence = MAX_DIVERGENCE;
    feed.stable_rate = STABLE_RATE;
    feed.fallback_band = FALLBACK_BAND;
    feed.volatility_floor = VOLATILITY_FLOOR;
    feed.beta = Ratio::ONE;
    feed.sigma = Ramp::constant(SIGMA);
    feed.shock = Ramp::constant(SHOCK);
    feed.basis = Ramp::constant(BASIS);
    feed.validity = plimsoll_risk::validity::Validity::Missing as u8;
    let sequence = ctx.accounts.exchange.load_mut()?.next_event();
    FeedAdded { sequence, feed: index, pyth_feed_id }.tell();
    Ok(())
}
