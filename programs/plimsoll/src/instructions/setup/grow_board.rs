//! Grow board: adds what one instruction may add; the last one makes the account a board.

use crate::{
    errors::Refusal,
    pda,
    state::{Exchange, RiskBoard},
};
use anchor_lang::{Discriminator, prelude::*, solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE};
use plimsoll_risk::{
    layout::{
        Key as Address,
        board::{BoardHeader, RefreshReward},
    },
    num::{Ratio, TokenAmount},
    ramp::Ramp,
};

/// Defaults of a new board; each is a parameter from then on.
const LIQ_BUFFER: u32 = Ratio::ONE.get() / 20;
const MAX_PUBLISH_SPREAD: u32 = 10;
const BANK_MAX_AGE: u32 = 3_600;
const REFRESH_MIN_AGE: u32 = 10;
const REFRESH_MIN_MOVE: Ratio = Ratio::new(Ratio::ONE.get() / 1_000);
/// Of swaps and bought profit.
const SWAP_FEE_START: Ratio = Ratio::from_bps(100);
const SWAP_FEE_MOST: Ratio = Ratio::from_bps(800);
const SWAP_FEE_SECONDS: u32 = 120;
const SWAP_INSURANCE_SHARE: Ratio = Ratio::from_bps(2_000);
const INSOLVENCY_SECONDS: u32 = 300;
/// Of outages.
const HEARTBEAT_GAP: u32 = 180;
const GRACE_SECONDS: u32 = 60;
const CANCEL_ONLY_SECONDS: u32 = 60;
/// Of gates.
const GATE_SHARE: Ratio = Ratio::from_bps(100);
const GATE_SECONDS: u32 = 3_600;

#[derive(Accounts)]
pub struct GrowBoard<'info> {
    /// Anyone may pay for it.
    #[account(mut)]
    pub payer: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    /// The board in the making.
    /// CHECK: address by seeds, owner in `validate`
    #[account(mut, seeds = [RiskBoard::SEED, exchange.key().as_ref()], bump)]
    pub board: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl GrowBoard<'_> {
    fn validate(&self) -> Result<()> {
        ensure!(*self.board.owner == crate::ID, Refusal::ForeignBoard);
        ensure!(self.board.data_len() < RiskBoard::SPACE, Refusal::BoardComplete);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn grow_board<'info>(ctx: Context<'info, GrowBoard<'info>>) -> Result<()> {
    let grown = ctx.accounts.board.data_len().saturating_add(MAX_PERMITTED_DATA_INCREASE);
    pda::grow(&ctx.accounts.payer, &ctx.accounts.board, grown.min(RiskBoard::SPACE))?;
    if grown < RiskBoard::SPACE {
        return Ok(());
    }
    ctx.accounts.board.try_borrow_mut_data()?[..8].copy_from_slice(RiskBoard::DISCRIMINATOR);
    let loader = AccountLoader::<RiskBoard>::try_from(ctx.accounts.board.as_ref())?;
    let header = &mut loader.load_mut()?.header;
    header.exchange = Address(ctx.accounts.exchange.key().to_bytes());
    header.bump = ctx.bumps.board;
    header.liq_buffer = Ramp::constant(LIQ_BUFFER);
    header.max_publish_spread = MAX_PUBLISH_SPREAD;
    header.bank_max_age = BANK_MAX_AGE;
    header.refresh = RefreshReward {
        reward: TokenAmount::ZERO,
        hourly_cap: TokenAmount::ZERO,
        hour_start: 0,
        paid: TokenAmount::ZERO,
        min_age: REFRESH_MIN_AGE,
        min_move: REFRESH_MIN_MOVE,
    };
    protect(header);
    Ok(())
}

/// What holds while somebody, or everybody, is in danger. What counts as dust waits for the quote token's decimals.
fn protect(header: &mut BoardHeader) {
    header.swap_fee_start = SWAP_FEE_START;
    header.swap_fee_most = SWAP_FEE_MOST;
    header.swap_fee_seconds = SWAP_FEE_SECONDS;
    header.swap_insurance_share = SWAP_INSURANCE_SHARE;
    header.insolvency_seconds = INSOLVENCY_SECONDS;
    header.heartbeat_gap = HEARTBEAT_GAP;
    header.grace_seconds = GRACE_SECONDS;
    header.cancel_only_seconds = CANCEL_ONLY_SECONDS;
    header.gate_share = GATE_SHARE;
    header.gate_seconds = GATE_SECONDS;
}
