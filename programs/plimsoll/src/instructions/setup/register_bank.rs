//! Register bank: a token may be held. It counts nothing yet and nothing of it can be borrowed.

use crate::{
    clock,
    errors::{Refusal, refused},
    events::BankRegistered,
    mint, pda,
    state::{Bank, Exchange, RiskBoard, bank::UNLIMITED, exchange::TIERS},
    token::NewAccount,
};
use anchor_lang::{Discriminator, prelude::*};
use anchor_spl::{token, token_2022};
use plimsoll_risk::{
    layout::{Key as Address, bank::NO_FEED, board::MAX_BANKS},
    num::{Quote, Ratio, StoredIndex, TokenAmount},
    ramp::Ramp,
    valuation,
};

const ONE: u32 = Ratio::ONE.get();
/// Most decimals of the quote token: what a check can hold of one balance is then worth 288 billion, beyond any account.
const MAX_QUOTE_DECIMALS: u8 = 6;
/// Weights of a new bank: deposits count nothing; debts count so much that any liquidation buffer fits between the two.
const NEW_BANK: (u32, u32, u32) = (0, ONE * 3, ONE * 2);

/// Defaults that wait for the quote token's decimals, whole quote; each is a parameter from then on.
const TIER_CAP: u64 = 100_000;
const LIQ_DUST: u64 = 10;

#[derive(Accounts)]
pub struct RegisterBank<'info> {
    /// The exchange's admin; pays for the accounts.
    #[account(mut)]
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// CHECK: kind, program and extensions in `validate`
    pub mint: UncheckedAccount<'info>,
    /// CHECK: created here at this address
    #[account(mut, seeds = [Bank::SEED, exchange.key().as_ref(), mint.key().as_ref()], bump)]
    pub bank: UncheckedAccount<'info>,
    /// CHECK: created here at this address
    #[account(mut, seeds = [Bank::VAULT_SEED, bank.key().as_ref()], bump)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: one of the two token programs, in `validate`
    pub token_program: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl RegisterBank<'_> {
    /// What must hold before anything is created: the mint's decimals.
    fn validate(&self, feed: u8) -> Result<u8> {
        let program = *self.token_program.key;
        if program != token::ID && program != token_2022::ID {
            return Err(ErrorCode::InvalidProgramId.into());
        }
        let decimals = mint::decimals(&self.mint, &program)?;
        mint::require_accepted(&self.mint, decimals)?;
        let (exchange, board) = (self.exchange.load()?, self.board.load()?);
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        ensure!(usize::from(board.header.bank_count) < MAX_BANKS, Refusal::BoardFull);
        let is_quote = exchange.quote_mint.0 == self.mint.key().to_bytes();
        ensure!(is_quote == (board.header.bank_count == 0), Refusal::QuoteBankFirst);
        if is_quote {
            ensure!(feed == NO_FEED, Refusal::UnknownFeed);
            ensure!(decimals <= MAX_QUOTE_DECIMALS, Refusal::TooManyQuoteDecimals);
        } else {
            board.feed(feed)?;
        }
        Ok(decimals)
    }

    /// Makes the bank's account and its vault at their addresses.
    fn create(&self, bumps: &RegisterBankBumps) -> Result<()> {
        let (exchange, mint, bank) = (self.exchange.key(), self.mint.key(), self.bank.key());
        let seeds: &[&[u8]] = &[Bank::SEED, exchange.as_ref(), mint.as_ref(), &[bumps.bank]];
        pda::create_marked(&self.admin, &self.bank, seeds, Bank::SPACE, Bank::DISCRIMINATOR)?;
        let vault = NewAccount {
            payer: &self.admin,
            account: &self.vault,
            mint: &self.mint,
            authority: &bank,
            token_program: &self.token_program,
        };
        vault.create(&[Bank::VAULT_SEED, bank.as_ref(), &[bumps.vault]])
    }
}

pub fn register_bank(ctx: Context<RegisterBank>, feed: u8) -> Result<()> {
    let now = clock::now()?;
    let decimals = ctx.accounts.validate(feed)?;
    ctx.accounts.create(&ctx.bumps)?;
    let mut board = ctx.accounts.board.load_mut()?;
    let index = board.header.bank_count;
    write_bank(&ctx, index, decimals, now)?;
    write_terms(&mut board, &ctx, (feed, decimals), now)?;
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    if index == 0 {
        let whole = 10u64.saturating_pow(decimals.into());
        exchange.tier_caps = [TokenAmount::new(whole.saturating_mul(TIER_CAP)); TIERS];
        let dust = Quote::from_unsigned(whole.saturating_mul(LIQ_DUST));
        board.header.liq_dust = dust.map_err(refused)?;
    }
    let sequence = exchange.next_event();
    BankRegistered { sequence, bank: ctx.accounts.bank.key(), index, mint: ctx.accounts.mint.key() }.tell();
    Ok(())
}

/// The bank's own account: empty, uncapped for deposits, closed for borrows.
fn write_bank(ctx: &Context<RegisterBank>, index: u8, decimals: u8, now: i64) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut data = accounts.bank.try_borrow_mut_data()?;
    let bank: &mut Bank = pda::fields(&mut data)?;
    bank.exchange = Address(accounts.exchange.key().to_bytes());
    bank.board = Address(accounts.board.key().to_bytes());
    bank.mint = Address(accounts.mint.key().to_bytes());
    bank.vault = Address(accounts.vault.key().to_bytes());
    bank.token_program = Address(accounts.token_program.key().to_bytes());
    bank.deposit_index = StoredIndex::ONE;
    bank.borrow_index = StoredIndex::ONE;
    bank.accrued_at = now;
    bank.deposit_cap = UNLIMITED;
    bank.account_deposit_cap = UNLIMITED;
    bank.minimum_deposit = 1;
    bank.small_withdrawal = 1;
    bank.kink1 = Ratio::new(ONE / 2);
    bank.kink2 = Ratio::new(ONE / 10 * 8);
    bank.rate1 = Ratio::new(ONE / 20);
    bank.rate2 = Ratio::new(ONE / 10);
    bank.rate3 = Ratio::new(ONE);
    bank.reserve_factor = Ratio::new(ONE / 10);
    bank.utilisation_limit = Ratio::new(ONE / 10 * 8);
    bank.hour_limit = Ratio::new(ONE / 10);
    bank.day_limit = Ratio::new(ONE / 4);
    bank.small_share = Ratio::new(ONE / 5);
    bank.index = index;
    bank.decimals = decimals;
    bank.bump = ctx.bumps.bank;
    bank.vault_bump = ctx.bumps.vault;
    bank.token_2022 = u8::from(accounts.token_program.key() == token_2022::ID);
    Ok(())
}

/// The bank's entry on the board: the quote token is worth exactly 1, any other weighs nothing yet.
fn write_terms(
    board: &mut RiskBoard,
    ctx: &Context<RegisterBank>,
    (feed, decimals): (u8, u8),
    now: i64,
) -> Result<()> {
    let header = &mut board.header;
    let index = header.bank_count;
    header.bank_count = index.checked_add(1).ok_or(Refusal::BoardFull)?;
    let is_quote = feed == NO_FEED;
    if is_quote {
        header.quote_decimals = decimals;
        header.quote_bank = index;
    } else {
        let entry = board.feeds.get_mut(usize::from(feed)).ok_or(Refusal::UnknownFeed)?;
        entry.banks |= 1u32.checked_shl(u32::from(index)).ok_or(Refusal::BoardFull)?;
    }
    let quote_decimals = board.header.quote_decimals;
    let terms = board.banks.get_mut(usize::from(index)).ok_or(Refusal::BoardFull)?;
    terms.bank = Address(ctx.accounts.bank.key().to_bytes());
    terms.feed = feed;
    terms.decimals = decimals;
    valuation::set_indexes(terms, StoredIndex::ONE, StoredIndex::ONE, quote_decimals).map_err(refused)?;
    terms.updated_at = now;
    let (asset, initial, maintenance) = if is_quote { (ONE, ONE, ONE) } else { NEW_BANK };
    terms.asset_weight_initial = Ratio::new(asset);
    terms.asset_weight_maint = Ramp::constant(asset);
    terms.liability_weight_initial = Ratio::new(initial);
    terms.liability_weight_maint = Ramp::constant(maintenance);
    board.revalue_bank(index, now)
}
