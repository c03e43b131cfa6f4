//! Plimsoll: a margin protocol. Collateral vaults and margin accounts; perpetual futures on an order book of its own.
//!
//! Each instruction is one file under [`instructions`]: its accounts, what must hold, and the rule. The arithmetic of
//! margin lives in `plimsoll-risk` and nowhere else.

use anchor_lang::prelude::*;

#[macro_use]
pub mod errors;
pub mod events;
pub mod governance;
pub mod instructions;
pub mod mint;
pub mod oracle;
pub mod pda;
pub mod prices;
pub mod state;
pub mod token;

use instructions::{account::*, governance::*, refresh::*, setup::*, vault::*};

declare_id!("PLimSoLL11111111111111111111111111111111111");

#[program]
pub mod plimsoll {
    use super::*;

    // Hot instructions first: the dispatcher compares one after the other.

    /// Tokens enter a vault for a margin account, paying back what it owes there first.
    pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        instructions::vault::deposit::deposit(ctx, amount)
    }

    /// Tokens leave a vault for the account's owner, borrowing beyond the balance if allowed.
    pub fn withdraw<'info>(
        ctx: Context<'info, Withdraw<'info>>,
        amount: u64,
        may_borrow: bool,
    ) -> Result<()> {
        instructions::vault::withdraw::withdraw(ctx, amount, may_borrow)
    }

    /// Oracle prices are checked and copied to the board.
    pub fn refresh_prices<'info>(ctx: Context<'info, RefreshPrices<'info>>, feeds: Vec<u8>) -> Result<()> {
        instructions::refresh::refresh_prices::refresh_prices(ctx, feeds)
    }

    /// Interest is accrued and copied to the board; a bank whose vault is short closes itself.
    pub fn refresh_bank(ctx: Context<RefreshBank>) -> Result<()> {
        instructions::refresh::refresh_bank::refresh_bank(ctx)
    }

    /// Pays back exactly so much of a debt.
    pub fn repay(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        instructions::vault::repay::repay(ctx, amount)
    }

    /// Pays back all of a debt.
    pub fn repay_all(ctx: Context<Deposit>) -> Result<()> {
        instructions::vault::repay::repay_all(ctx)
    }

    /// Withdraws all that the account holds of a token.
    pub fn withdraw_all<'info>(ctx: Context<'info, Withdraw<'info>>) -> Result<()> {
        instructions::vault::withdraw::withdraw_all(ctx)
    }

    /// Opens a margin account.
    pub fn open_account(ctx: Context<OpenAccount>, number: u32) -> Result<()> {
        instructions::account::open_account::open_account(ctx, number)
    }

    /// Closes an empty margin account.
    pub fn close_account(ctx: Context<CloseAccount>) -> Result<()> {
        instructions::account::close_account::close_account(ctx)
    }

    /// Lets a key trade for the owner, within a scope and until a time; nobody takes it back.
    pub fn set_delegate(
        ctx: Context<SetDelegate>,
        delegate: Pubkey,
        scope: u32,
        expires_at: i64,
    ) -> Result<()> {
        instructions::account::set_delegate::set_delegate(ctx, delegate, scope, expires_at)
    }

    /// What a vault holds beyond its ledger goes to the fee collector.
    pub fn skim_surplus(ctx: Context<SkimSurplus>) -> Result<()> {
        instructions::vault::skim_surplus::skim_surplus(ctx)
    }

    /// Opens a bank again whose vault was found short and is whole.
    pub fn resume_bank(ctx: Context<ResumeBank>) -> Result<()> {
        instructions::vault::resume_bank::resume_bank(ctx)
    }

    /// Creates the exchange; the program's upgrade authority signs.
    pub fn create_exchange(ctx: Context<CreateExchange>, roles: Roles) -> Result<()> {
        instructions::setup::create_exchange::create_exchange(ctx, roles)
    }

    /// Creates the risk board, small.
    pub fn create_board(ctx: Context<CreateBoard>) -> Result<()> {
        instructions::setup::create_board::create_board(ctx)
    }

    /// Grows the risk board by what one instruction may add.
    pub fn grow_board<'info>(ctx: Context<'info, GrowBoard<'info>>) -> Result<()> {
        instructions::setup::grow_board::grow_board(ctx)
    }

    /// Gives an underlying its place on the board.
    pub fn add_feed(ctx: Context<AddFeed>, pyth_feed_id: [u8; 32], switchboard: Pubkey) -> Result<()> {
        instructions::setup::add_feed::add_feed(ctx, pyth_feed_id, switchboard)
    }

    /// Gives a collateral token its bank, vault and place on the board.
    pub fn register_bank(ctx: Context<RegisterBank>, feed: u8) -> Result<()> {
        instructions::setup::register_bank::register_bank(ctx, feed)
    }

    /// Ends set-up for good: money may come in, loosening waits.
    pub fn open_exchange(ctx: Context<OpenExchange>) -> Result<()> {
        instructions::setup::open_exchange::open_exchange(ctx)
    }

    /// Proposes a value for a parameter: tightening applies at once, anything else is queued.
    pub fn propose_change(
        ctx: Context<ProposeChange>,
        parameter: u16,
        target: u8,
        value: [u8; 32],
    ) -> Result<()> {
        instructions::governance::propose_change::propose_change(ctx, parameter, target, value)
    }

    /// Applies a queued change whose time has come; anyone may.
    pub fn apply_change(ctx: Context<ApplyChange>) -> Result<()> {
        instructions::governance::apply_change::apply_change(ctx)
    }

    /// The guardian stops a queued change.
    pub fn veto_change(ctx: Context<VetoChange>) -> Result<()> {
        instructions::governance::veto_change::veto_change(ctx)
    }

    /// The proposer or the admin takes a queued change back.
    pub fn withdraw_change(ctx: Context<WithdrawChange>) -> Result<()> {
        instructions::governance::withdraw_change::withdraw_change(ctx)
    }

    /// Names who may become admin after the delay; nobody takes a nomination back.
    pub fn nominate_admin(ctx: Context<NominateAdmin>, nominee: Pubkey) -> Result<()> {
        instructions::governance::nominate_admin::nominate_admin(ctx, nominee)
    }

    /// The nominee becomes admin.
    pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
        instructions::governance::accept_admin::accept_admin(ctx)
    }

    /// The guardian pauses one action for a while.
    pub fn pause(ctx: Context<Pause>, action: u8, seconds: u32) -> Result<()> {
        instructions::governance::pause::pause(ctx, action, seconds)
    }

    /// The guardian or the admin ends a pause early.
    pub fn unpause(ctx: Context<Unpause>, action: u8) -> Result<()> {
        instructions::governance::unpause::unpause(ctx, action)
    }
}
