//! Plimsoll: a margin protocol. Collateral vaults and margin accounts; perpetual futures on an order book of its own.
//!
//! Each instruction is one file under [`instructions`]: its accounts, what must hold, and the rule. The arithmetic of
//! margin lives in `plimsoll-risk` and nowhere else.

use anchor_lang::prelude::*;

mod clock;
#[macro_use]
pub mod errors;
pub mod events;
pub mod governance;
pub mod instructions;
pub mod mint;
pub mod oracle;
pub mod pda;
pub mod premium;
pub mod prices;
pub mod state;
pub mod token;

use instructions::{
    account::*, governance::*, insurance::*, ledger::*, liquidation::*, refresh::*, setup::*, trade::*,
    trigger::*, vault::*,
};

declare_id!("PLimSoLL11111111111111111111111111111111111");

#[program]
pub mod plimsoll {
    use super::*;

    // Hot instructions first: the dispatcher compares one after the other.

    /// An order meets the book, and what is left of it may rest.
    pub fn place_order<'info>(ctx: Context<'info, Trade<'info>>, order: OrderArgs) -> Result<()> {
        instructions::trade::orders::place_order(ctx, order)
    }

    /// An order leaves the book.
    pub fn cancel_order<'info>(ctx: Context<'info, Trade<'info>>, order: u64) -> Result<()> {
        instructions::trade::orders::cancel_order(ctx, order)
    }

    /// Orders are cancelled, then others placed, with one margin check.
    pub fn batch<'info>(
        ctx: Context<'info, Trade<'info>>,
        cancels: Vec<u64>,
        orders: Vec<OrderArgs>,
    ) -> Result<()> {
        instructions::trade::orders::batch(ctx, cancels, orders)
    }

    /// Fills that wait in the queue are settled in their makers' accounts.
    pub fn apply_fills<'info>(ctx: Context<'info, ApplyFills<'info>>, most: u8) -> Result<()> {
        instructions::trade::apply_fills::apply_fills(ctx, most)
    }

    /// Profit or loss of one position becomes cash, as far as the rules allow.
    pub fn settle_pnl(ctx: Context<SettlePnl>) -> Result<()> {
        instructions::ledger::settle_pnl::settle_pnl(ctx)
    }

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

    /// Funding is accrued from the book's premium and copied to the board.
    pub fn refresh_market(ctx: Context<RefreshMarket>) -> Result<()> {
        instructions::refresh::refresh_market::refresh_market(ctx)
    }

    /// All orders of one client id leave the book.
    pub fn cancel_by_client_id<'info>(ctx: Context<'info, Trade<'info>>, client_id: u64) -> Result<()> {
        instructions::trade::orders::cancel_by_client_id(ctx, client_id)
    }

    /// All orders of a side, or of both, leave the book.
    pub fn cancel_all<'info>(ctx: Context<'info, Trade<'info>>, side: u8) -> Result<()> {
        instructions::trade::orders::cancel_all(ctx, side)
    }

    /// A trigger order whose price is reached becomes an order; the keeper earns a little.
    pub fn execute_trigger<'info>(ctx: Context<'info, ExecuteTrigger<'info>>, slot: u8) -> Result<()> {
        instructions::trigger::execute_trigger::execute_trigger(ctx, slot)
    }

    /// A stop-loss, take-profit or trailing stop begins to wait.
    pub fn place_trigger(ctx: Context<PlaceTrigger>, trigger: TriggerArgs) -> Result<()> {
        instructions::trigger::place_trigger::place_trigger(ctx, trigger)
    }

    /// A trigger order is taken back.
    pub fn cancel_trigger(ctx: Context<CancelTrigger>, slot: u8) -> Result<()> {
        instructions::trigger::cancel_trigger::cancel_trigger(ctx, slot)
    }

    /// Quote goes from the account's balance into a pocket.
    pub fn fund_pocket<'info>(ctx: Context<'info, MovePocket<'info>>, market: u8, amount: u64) -> Result<()> {
        instructions::ledger::move_pocket::fund_pocket(ctx, market, amount)
    }

    /// Quote that a pocket does not need goes back to the account's balance.
    pub fn drain_pocket<'info>(
        ctx: Context<'info, MovePocket<'info>>,
        market: u8,
        amount: u64,
    ) -> Result<()> {
        instructions::ledger::move_pocket::drain_pocket(ctx, market, amount)
    }

    /// A flat position becomes isolated, or cross again.
    pub fn set_position_mode(ctx: Context<SetPositionMode>, market: u8, isolated: bool) -> Result<()> {
        instructions::ledger::set_position_mode::set_position_mode(ctx, market, isolated)
    }

    /// After how much silence anyone may cancel the account's orders.
    pub fn set_dead_man(ctx: Context<SetDeadMan>, seconds: u32) -> Result<()> {
        instructions::trade::dead_man::set_dead_man(ctx, seconds)
    }

    /// Fees move from a market's pool to the exchange.
    pub fn collect_fees(ctx: Context<CollectFees>) -> Result<()> {
        instructions::ledger::collect_fees::collect_fees(ctx)
    }

    /// Collected fees leave the quote vault for the fee collector.
    pub fn pay_fees(ctx: Context<SkimSurplus>) -> Result<()> {
        instructions::ledger::pay_fees::pay_fees(ctx)
    }

    /// A position is brought up to what its side went through.
    pub fn apply_deleveraging(ctx: Context<ApplyDeleveraging>) -> Result<()> {
        instructions::liquidation::apply_deleveraging::apply_deleveraging(ctx)
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

    /// Gives a perpetual its accounts and its place on the board.
    pub fn create_market(ctx: Context<CreateMarket>, market: MarketArgs) -> Result<()> {
        instructions::setup::create_market::create_market(ctx, market)
    }

    /// Gives a side of a book, or a fill queue, more room.
    pub fn grow_book(ctx: Context<GrowBook>) -> Result<()> {
        instructions::setup::grow_book::grow_book(ctx)
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

    /// Flags who is in danger, lets go who is not any more, calls who is short of margin.
    pub fn assess<'info>(ctx: Context<'info, Assess<'info>>, scope: u8) -> Result<()> {
        instructions::liquidation::assess::assess(ctx, scope)
    }

    /// Lots of an endangered position become a liquidator's, at the price less a fee.
    pub fn take_over<'info>(
        ctx: Context<'info, TakeOver<'info>>,
        most_lots: u32,
        worst_price: u32,
    ) -> Result<()> {
        instructions::liquidation::take_over::take_over(ctx, most_lots, worst_price)
    }

    /// An endangered position meets the book, at the price less a fee or better.
    pub fn liquidate_into_book<'info>(
        ctx: Context<'info, LiquidateIntoBook<'info>>,
        most_lots: u32,
        most_makers: u8,
        least_pay: u64,
    ) -> Result<()> {
        instructions::liquidation::liquidate_into_book::liquidate_into_book(
            ctx,
            most_lots,
            most_makers,
            least_pay,
        )
    }

    /// An endangered account's borrow is repaid for its collateral and a fee.
    pub fn swap_collateral<'info>(
        ctx: Context<'info, SwapCollateral<'info>>,
        most_debt: u64,
        least_fee: u32,
    ) -> Result<()> {
        instructions::liquidation::swap_collateral::swap_collateral(ctx, most_debt, least_fee)
    }

    /// A profit that its pool cannot pay is bought for cash.
    pub fn buy_pnl<'info>(ctx: Context<'info, BuyPnl<'info>>, most: u64, least_fee: u32) -> Result<()> {
        instructions::liquidation::buy_pnl::buy_pnl(ctx, most, least_fee)
    }

    /// Lots of an insolvent position are closed against the whole other side.
    pub fn deleverage<'info>(ctx: Context<'info, Deleverage<'info>>, most_lots: u32) -> Result<()> {
        instructions::liquidation::deleverage::deleverage(ctx, most_lots)
    }

    /// What a bankrupt account has left is seized, and what it owes goes through the waterfall.
    pub fn resolve_bankruptcy<'info>(ctx: Context<'info, ResolveBankruptcy<'info>>, scope: u8) -> Result<()> {
        instructions::liquidation::resolve_bankruptcy::resolve_bankruptcy(ctx, scope)
    }

    /// Withdrawals of a token wait while a material loss is pending; the gate opens by itself.
    pub fn gate_withdrawals<'info>(ctx: Context<'info, GateWithdrawals<'info>>) -> Result<()> {
        instructions::liquidation::gate_withdrawals::gate_withdrawals(ctx)
    }

    /// Creates the insurance fund, empty.
    pub fn create_insurance(ctx: Context<CreateInsurance>) -> Result<()> {
        instructions::setup::create_insurance::create_insurance(ctx)
    }

    /// Opens an owner's stake in the insurance fund, empty.
    pub fn open_stake(ctx: Context<OpenStake>) -> Result<()> {
        instructions::insurance::open_stake::open_stake(ctx)
    }

    /// Quote goes from an account's balance into the insurance fund for shares.
    pub fn stake<'info>(ctx: Context<'info, MoveStake<'info>>, amount: u64) -> Result<()> {
        instructions::insurance::move_stake::stake(ctx, amount)
    }

    /// So many shares of a stake cool, until they can be redeemed.
    pub fn cool(ctx: Context<Cool>, shares: u64) -> Result<()> {
        instructions::insurance::cool::cool(ctx, shares)
    }

    /// Shares that have cooled become quote in an account's balance.
    pub fn redeem<'info>(ctx: Context<'info, MoveStake<'info>>, shares: u64) -> Result<()> {
        instructions::insurance::move_stake::redeem(ctx, shares)
    }

    /// Closes an empty stake.
    pub fn close_stake(ctx: Context<CloseStake>) -> Result<()> {
        instructions::insurance::close_stake::close_stake(ctx)
    }

    /// A market stops trading; the hour of its settlement price begins.
    pub fn start_settlement(ctx: Context<StartSettlement>) -> Result<()> {
        instructions::setup::start_settlement::start_settlement(ctx)
    }

    /// The price joins the average of that hour, which fixes the settlement price.
    pub fn observe_settlement(ctx: Context<ObserveSettlement>) -> Result<()> {
        instructions::setup::observe_settlement::observe_settlement(ctx)
    }

    /// A position closes at the settlement price.
    pub fn close_settled(ctx: Context<CloseSettled>) -> Result<()> {
        instructions::setup::close_settled::close_settled(ctx)
    }

    /// A market without anything left closes for ever.
    pub fn close_market(ctx: Context<CloseMarket>) -> Result<()> {
        instructions::setup::close_market::close_market(ctx)
    }

    /// The admin shows that somebody governs.
    pub fn prove_life(ctx: Context<ProveLife>) -> Result<()> {
        instructions::governance::prove_life::prove_life(ctx)
    }
}
