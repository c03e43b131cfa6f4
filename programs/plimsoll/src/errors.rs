//! Why the program refuses, and what to do about it.

mod conversions;

use anchor_lang::{prelude::*, solana_program::log::sol_log_data};
use plimsoll_book::BookError;
use plimsoll_risk::error::RiskError;

/// Refuses unless a condition holds.
///
/// Anchor's `require!` writes file and line into the program at each use; here the refusal's
/// name says what is wrong, and the program is a tenth smaller.
macro_rules! ensure {
    ($condition:expr, $refusal:expr $(,)?) => {
        if !$condition {
            return Err($crate::errors::refuse($refusal));
        }
    };
}

/// Defines the refusals: off chain with name and text, on chain as nothing but their codes, the same ones. Who reads
/// a code has the interface definition, and the texts would be a tenth of the program.
macro_rules! refusals {
    (
        $(#[$($note:tt)*])*
        pub enum $name:ident {
            $($(#[$($about:tt)*])* $refusal:ident,)+
        }
    ) => {
        $(#[$($note)*])*
        #[cfg(not(target_os = "solana"))]
        #[error_code]
        #[derive(bytemuck::CheckedBitPattern, PartialEq, Eq)]
        pub enum $name {
            $($(#[$($about)*])* $refusal,)+
        }

        $(#[$($note)*])*
        #[cfg(target_os = "solana")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum $name {
            $($refusal,)+
        }
    };
}

refusals! {
    /// Every refusal of the program. Where a limit is broken, the log line before it carries the value and the bound.
    pub enum Refusal {
        // Who.
        #[msg("only the program's upgrade authority may create the exchange: sign with its key")]
        NotTheUpgradeAuthority,
        #[msg("only the exchange's admin may do this")]
        NotTheAdmin,
        #[msg("only the exchange's guardian may do this")]
        NotTheGuardian,
        #[msg("only the exchange's admin or risk council may do this")]
        NotAGovernor,
        #[msg("only the exchange's fee collector may do this")]
        NotTheFeeCollector,
        #[msg("only the margin account's owner may do this: a delegate never withdraws, closes or delegates")]
        NotTheOwner,
        #[msg("only the nominated admin may accept")]
        NotTheNominee,
        #[msg("the rent of a queued change goes back to who proposed it: pass that account")]
        NotTheProposer,

        // Which account.
        #[msg("this account belongs to another exchange")]
        ForeignExchange,
        #[msg("this is not the exchange's risk board")]
        ForeignBoard,
        #[msg("this is not the bank's mint")]
        WrongMint,
        #[msg("this is not the bank's vault")]
        WrongVault,
        #[msg("this is not the bank's token program")]
        WrongTokenProgram,
        #[msg("the token account given is of another mint or is no token account")]
        WrongTokenAccount,
        #[msg("the same account was given twice where two different ones are needed")]
        DuplicateAccount,
        #[msg("this is not the program's own data account")]
        WrongProgramData,

        // What.
        #[msg("an amount of zero does nothing: give at least one native unit")]
        ZeroAmount,
        #[msg("the amount is too small to be worth a share: deposit more")]
        DustAmount,
        #[msg("the amount is below the bank's minimum deposit")]
        BelowMinimumDeposit,
        #[msg("the amount is more than the account owes: repay at most the debt")]
        RepaysMoreThanOwed,
        #[msg("the account owes nothing in this bank")]
        NothingOwed,
        #[msg("the account holds nothing in this bank")]
        NothingHeld,
        #[msg("the account holds less than this: allow borrowing, or withdraw less")]
        WouldBorrow,
        #[msg("the account already uses all its balance slots: empty one first")]
        NoFreeSlot,
        #[msg("a stranger's deposit may not use up the account's slots: the owner has to open this one")]
        SlotsKeptForOwner,
        #[msg("a number left the range that the ledger can hold: use a smaller amount")]
        Overflow,
        #[msg("the margin account still holds a balance, a position or an order: empty it before closing")]
        AccountNotEmpty,
        #[msg(
            "this delegation is malformed: unknown scope bits, an expiry in the past, or the owner as delegate"
        )]
        BadDelegation,

        // Limits.
        #[msg("after this the account would not have the margin it needs: withdraw less, or deposit first")]
        NotEnoughMargin,
        #[msg("the bank's deposit cap would be passed")]
        DepositCap,
        #[msg("the bank's deposit cap for one account would be passed")]
        AccountDepositCap,
        #[msg("the bank's borrow cap would be passed")]
        BorrowCap,
        #[msg("the bank's borrow cap for one account would be passed")]
        AccountBorrowCap,
        #[msg("too much of the bank's deposits would be lent out: withdraw less")]
        UtilisationLimit,
        #[msg("the bank's hourly net outflow limit would be passed: wait, or withdraw less")]
        HourlyOutflow,
        #[msg("the bank's daily net outflow limit would be passed: wait, or withdraw less")]
        DailyOutflow,

        // State.
        #[msg("this action is paused by the guardian; a pause expires by itself")]
        Paused,
        #[msg("the exchange is still being set up: nothing can be deposited before it is opened")]
        NotOpen,
        #[msg("the exchange is open already: this is for set-up only")]
        AlreadyOpen,
        #[msg(
            "the bank is closed because its vault held less than its ledger: the admin resumes it once the vault is whole"
        )]
        VaultShortfall,
        #[msg("the bank's vault still holds less than its ledger: it cannot be resumed")]
        StillShort,
        #[msg("there is no surplus in the vault")]
        NoSurplus,
        #[msg("the board is fully grown already")]
        BoardComplete,
        #[msg("the quote token's bank has to be the first")]
        QuoteBankFirst,
        #[msg("the board has no place for another feed, bank or market")]
        BoardFull,
        #[msg("there is no such bank on the board")]
        UnknownBank,
        #[msg("there is no such feed on the board")]
        UnknownFeed,

        // Prices.
        #[msg("a price that this needs is stale: refresh it, or pass its oracle account")]
        StalePrice,
        #[msg("the prices that this needs were published too far apart: refresh the older ones")]
        PricesTooFarApart,
        #[msg("this price is not newer than the board's")]
        PriceNotNewer,
        #[msg("this price was published in the future")]
        PriceFromTheFuture,
        #[msg("the fallback oracle is accepted only while the first one is silent")]
        FallbackNotNeeded,
        #[msg("the fallback oracle's price is too far from the board's")]
        FallbackOutOfBand,
        #[msg("one oracle account a feed, in the order of the feeds")]
        WrongOracleCount,
        #[msg("too many oracle accounts for one check: refresh the board instead")]
        TooManyOverlays,
        #[msg("the oracle account belongs to no oracle program that is accepted here")]
        OracleOwner,
        #[msg("the oracle account is of another kind")]
        OracleKind,
        #[msg("the oracle account is shorter than its format")]
        OracleTruncated,
        #[msg("the oracle's price is only partially verified: post it with full verification")]
        OraclePartiallyVerified,
        #[msg("the oracle account is of another feed")]
        OracleWrongFeed,
        #[msg("the oracle's price is zero or negative")]
        OracleNonPositive,
        #[msg("the oracle's exponent or price is out of range")]
        OracleOutOfRange,
        #[msg("the oracle has too few samples")]
        OracleTooFewSamples,
        #[msg("the oracle does not say when its price was observed: wait for its next update")]
        OracleUndated,
        #[msg("the oracle's authority may write any price: such a feed is not accepted")]
        OracleWritable,

        // Tokens that are not accepted.
        #[msg("tokens with a transfer fee are not accepted: the vault would get less than the ledger says")]
        MintTransferFee,
        #[msg(
            "tokens with a transfer hook are not accepted: foreign code would run in withdrawals and liquidations"
        )]
        MintTransferHook,
        #[msg("tokens with a permanent delegate are not accepted: it could empty the vault")]
        MintPermanentDelegate,
        #[msg("tokens whose accounts begin frozen are not accepted")]
        MintDefaultFrozen,
        #[msg("pausable tokens are not accepted: withdrawals and liquidations could be stopped")]
        MintPausable,
        #[msg("non-transferable tokens are not accepted")]
        MintNonTransferable,
        #[msg("confidential tokens are not accepted: their amounts cannot be checked")]
        MintConfidential,
        #[msg("interest-bearing tokens are not accepted: what they show is not what the vault holds")]
        MintInterestBearing,
        #[msg("tokens with a scaled amount are not accepted: what they show is not what the vault holds")]
        MintScaledAmount,
        #[msg("tokens with permissioned burn are not accepted")]
        MintPermissionedBurn,
        #[msg("mints that can be closed are not accepted: another could take their address")]
        MintCloseable,
        #[msg("this mint has an extension that is not on the allow-list")]
        MintUnknownExtension,
        #[msg("tokens with more than 12 decimals are not accepted")]
        TooManyDecimals,
        #[msg("the quote token may have at most 6 decimals")]
        TooManyQuoteDecimals,
        #[msg(
            "the token account refuses transfers by other programs (CPI guard): disable the guard, or deposit from another account"
        )]
        SourceIsCpiGuarded,
        #[msg("the vault did not receive what was sent")]
        ReceivedLess,

        // Governance.
        #[msg("there is no such parameter in the table")]
        UnknownParameter,
        #[msg("the value is out of the parameter's bounds")]
        OutOfBounds,
        #[msg("the value contradicts another parameter")]
        Contradiction,
        #[msg("the parameter has this value already")]
        NoChange,
        #[msg("the change is not ready: its delay has not passed")]
        NotReady,
        #[msg("the change has expired: propose it again")]
        ChangeExpired,
        #[msg("the parameter moved since the change was proposed: propose it again")]
        ParameterMoved,
        #[msg("the guardian cannot veto its own removal")]
        OwnRemoval,
        #[msg("nobody is nominated")]
        NobodyNominated,
        #[msg("a pause has to be between one minute and the limit of one pause")]
        BadPause,
        #[msg("the guardian has used up its time of pause for this action")]
        PauseDutyUsedUp,
        #[msg("the action is not paused")]
        NotPaused,
        #[msg("the same key cannot hold these two roles")]
        RolesCollide,
        #[msg("there is no such action to pause")]
        UnknownAction,
        #[msg("there is only one of these: the target is 0")]
        UnknownTarget,
        #[msg("this parameter lives in the bank's own account: pass it")]
        MissingBank,
        #[msg("this parameter lives in the market's own account: pass it")]
        MissingMarket,

        // Trading.
        #[msg("only the margin account's owner, or a delegate whose scope and time allow it, may do this")]
        NotATrader,
        #[msg("this is not the market's account for bids, asks or queued fills")]
        WrongBook,
        #[msg("a margin account is expected here: makers' accounts come behind all oracle accounts")]
        NotAMarginAccount,
        #[msg("this market belongs to another exchange")]
        ForeignMarket,
        #[msg("there is no such market on the board")]
        UnknownMarket,
        #[msg("the market takes no new risk now: orders may only reduce positions")]
        MarketReduceOnly,
        #[msg("the market is closed for trading")]
        MarketClosed,
        #[msg("the account already uses all its position slots: settle and empty one first")]
        NoFreePosition,
        #[msg("the account already has all the open orders that it can: cancel one first")]
        NoFreeOrder,
        #[msg("the account has no position in this market")]
        NoPosition,
        #[msg("the order is smaller than the market's minimum")]
        BelowMinimumOrder,
        #[msg("the market's open-interest cap would be passed: trade less, or reduce")]
        OpenInterestCap,
        #[msg("the market's cap for one account would be passed: orders count as if filled")]
        AccountPositionCap,
        #[msg("a price that this needs is stale: refresh the market's feed, or pass its oracle account")]
        StaleMarket,
        #[msg("an account that lacks initial margin may only do what lowers its risk")]
        RaisesRisk,
        #[msg("this taker has too many fills waiting for their makers: apply some first")]
        TooManyUnsettled,
        #[msg("the fill queue is full: apply some fills first")]
        QueueFull,
        #[msg("no such fill is waiting")]
        NoSuchFill,
        #[msg("none of the waiting fills belongs to an account that was passed")]
        NothingToApply,
        #[msg("the account of the book is damaged")]
        BookCorrupt,
        #[msg(
            "this is no order: it needs lots, a price above 0, and known codes; a market order is never pegged"
        )]
        BadOrder,
        #[msg("the order's time is already over")]
        OrderExpired,
        #[msg("there is nothing that this reduce-only order could reduce")]
        NothingToReduce,
        #[msg("pegged orders need a valid oracle price: refresh it")]
        NoOraclePrice,
        #[msg("at this oracle price the pegged order would be beyond its own limit")]
        BeyondPegLimit,
        #[msg("a post-only order would take: move its price, or let it slide")]
        WouldTake,
        #[msg("the order cannot be filled at once and whole")]
        CannotFill,
        #[msg("the order would trade against its own account")]
        SelfTrade,
        #[msg("the book is full and the order is not better than its worst: offer a better price")]
        BookFull,
        #[msg("there is no such order: it was filled, cancelled, expired or evicted")]
        NoSuchOrder,
        #[msg("the order's time is not over yet")]
        OrderNotExpired,
        #[msg("too many orders for one instruction")]
        TooManyOrders,
        #[msg("close the position and its orders, and settle it, before its mode can change")]
        PositionNotFlat,
        #[msg("the position has this mode already")]
        SameMode,
        #[msg("the position is not isolated: it has no pocket")]
        NotIsolated,
        #[msg("the pocket holds less than this")]
        PocketTooSmall,
        #[msg("there is nothing to settle: no loss that can be paid, no gain that the pool can pay now")]
        NothingToSettle,
        #[msg("the pool holds no fees that could be collected now")]
        NothingToCollect,
        #[msg("this trigger order is malformed: unknown codes, no lots, a price of 0, or a time that is over")]
        BadTrigger,
        #[msg("the account already has all the trigger orders that it can: cancel one first")]
        NoFreeTrigger,
        #[msg("there is no such trigger order")]
        NoSuchTrigger,
        #[msg("only the owner may promise more than the market's usual reward, and nobody more than the limit")]
        RewardTooLarge,
        #[msg("the price has not reached the trigger")]
        TriggerNotReached,
        #[msg("the dead-man switch takes 0 (off) or between 10 seconds and a day")]
        BadDeadManSwitch,
        #[msg("the market's parameters are out of their bounds")]
        BadMarket,
        #[msg("the account of the book is fully grown, or holds fills that have to be applied first")]
        CannotGrow,

        // Danger.
        /// The scope is flagged for liquidation.
        #[msg("flagged for liquidation: until that is over nothing new may rest; reduce at once, or deposit")]
        Flagged,
        /// No flag, or one that lapsed.
        #[msg("not flagged for liquidation, or the flag has lapsed: assess the account first")]
        NotFlagged,
        /// Nothing changed.
        #[msg("there is nothing to do here now")]
        NothingToDo,
        /// Health is enough.
        #[msg("the account is not in danger any more: its health at the end of a liquidation is not below 0")]
        NotEndangered,
        /// Both accounts have one owner.
        #[msg("nobody liquidates himself: the two accounts have the same owner")]
        SelfLiquidation,
        /// Orders rest or wait.
        #[msg("orders come first: cancel what rests and apply what waits in the queue, then liquidate")]
        OrdersRemain,
        /// After an outage.
        #[msg("the grace period after an outage is running: nobody is liquidated before it ends")]
        GracePeriod,
        /// The price would be worse than asked.
        #[msg("this would cost more, or bring less, than you allowed: ask for less, or try again")]
        WorseThanAllowed,
        /// Equity above 0.
        #[msg("the account is not insolvent: its equity is above 0")]
        NotInsolvent,
        /// Too early.
        #[msg("the time for ordinary liquidation has not passed yet")]
        DeadlineNotPassed,
        /// Something is left.
        #[msg("not bankrupt: lots, orders or something of value are left; liquidate those first")]
        NotBankrupt,
        /// The fund's account is needed.
        #[msg("this changes whether the account counts as insolvent: pass the insurance fund")]
        MissingInsurance,
        /// Whoever resolves a borrow sells the token to the fund.
        #[msg("the fund buys tokens that cover this debt: hold them in the resolving account's balance")]
        BringTokens,
        /// A leg's account is missing.
        #[msg("a market or bank of this account was not passed, or cannot be written to")]
        MissingLeg,
        /// Deleveraging of an epoch is not applied everywhere.
        #[msg("positions of an earlier deleveraging have to be brought up to date first: apply_deleveraging")]
        EpochPending,
        /// Deleveraging pends in this position.
        #[msg("this position has not applied the deleveraging of its side: apply_deleveraging first")]
        DeleveragingPends,
        /// The window's cap is used up.
        #[msg("enough was liquidated into this book in the running window: take over, or wait")]
        LiquidationWindow,

        // Insurance.
        /// Withdrawals wait.
        #[msg("withdrawals of this token wait for a loss to be attributed; the gate opens by itself")]
        Gated,
        /// Nothing material.
        #[msg("no loss that is material for this bank is pending, or it was gated a short time ago")]
        NothingMaterial,
        /// Redemption during a loss.
        #[msg("a loss is pending: nobody stakes or redeems before it is borne")]
        LossPending,
        /// Cooling.
        #[msg("these shares are still cooling")]
        StakeCooling,
        /// The window is over.
        #[msg("the time to redeem has passed: let the shares cool again")]
        RedemptionOver,
        /// Not so many shares.
        #[msg("the stake does not have so many shares")]
        NotEnoughShares,
        /// Too little.
        #[msg("this is too little: it would be worth next to no shares, or the shares next to nothing")]
        StakeTooSmall,
        /// Shares are left.
        #[msg("the stake still has shares: redeem them first")]
        StakeNotEmpty,

        // The end of a market.
        /// The breaker is open.
        #[msg(
            "the price moved too far too fast: until the market cools down orders may only reduce, or rest post-only"
        )]
        BreakerOpen,
        /// Not yet.
        #[msg("this market cannot be settled now: it must be reduce-only, or its feed or its governance dead")]
        CannotSettle,
        /// Not in settlement.
        #[msg("the market is not in settlement")]
        NotSettling,
        /// The hour is not over.
        #[msg("the settlement price is not fixed yet: its hour is not over")]
        SettlementNotFixed,
        /// Something is left.
        #[msg("positions, orders or waiting fills are left in this market")]
        MarketNotEmpty,
    }
}

/// An error under way: on chain it is one pointer, which comes back in a register. Hundreds of places refuse, and so
/// each is a call and little more.
#[cfg(target_os = "solana")]
type Raised = Box<anchor_lang::error::ProgramErrorWithOrigin>;
#[cfg(not(target_os = "solana"))]
type Raised = Error;

#[cfg(target_os = "solana")]
impl From<Refusal> for Error {
    #[inline(always)]
    fn from(refusal: Refusal) -> Self {
        Self::ProgramError(raise(refusal))
    }
}

#[cfg(target_os = "solana")]
#[inline(always)]
fn error(raised: Raised) -> Error {
    Error::ProgramError(raised)
}

#[cfg(not(target_os = "solana"))]
fn error(raised: Raised) -> Error {
    raised
}

/// The same code on and off chain: there is far more room above Anchor's own than there are refusals.
#[cfg(target_os = "solana")]
#[cold]
#[inline(never)]
fn raise(refusal: Refusal) -> Raised {
    let code = anchor_lang::error::ERROR_CODE_OFFSET.wrapping_add(refusal as u32);
    Box::new(ProgramError::Custom(code).into())
}

#[cfg(not(target_os = "solana"))]
fn raise(refusal: Refusal) -> Raised {
    refusal.into()
}

/// An error out of the way of the hot path.
#[inline(always)]
pub(crate) fn refuse(refusal: Refusal) -> Error {
    error(raise(refusal))
}

/// Turns the engine's error into the program's.
#[inline(always)]
pub(crate) fn refused(refusal: RiskError) -> Error {
    error(raise_refused(refusal))
}

#[cold]
#[inline(never)]
fn raise_refused(error: RiskError) -> Raised {
    match error {
        RiskError::StalePrice { bank } => log_values(bank.into(), 0),
        RiskError::StaleMarket { market } => log_values(market.into(), 0),
        RiskError::NotEnoughMargin { collateral, requirement } => {
            log_values(collateral.get().cast_unsigned(), requirement.get().cast_unsigned());
        }
        RiskError::LowersHealth { by } => log_values(by.get().cast_unsigned(), 0),
        RiskError::LowersEquityRatio { equity, requirement } => {
            log_values(equity.get().cast_unsigned(), requirement.get().cast_unsigned());
        }
        RiskError::OutflowLimit { available } => log_values(available.get(), 0),
        _ => {}
    }
    raise(Refusal::from(error))
}

/// Turns the book's error into the program's.
#[inline(always)]
pub(crate) fn unbooked(refusal: BookError) -> Error {
    error(raise_unbooked(refusal))
}

#[cold]
#[inline(never)]
fn raise_unbooked(error: BookError) -> Raised {
    raise(Refusal::from(error))
}

/// Refuses, and logs the value and the bound that it broke.
#[inline(always)]
pub(crate) fn beyond(refusal: Refusal, value: u64, bound: u64) -> Error {
    error(raise_beyond(refusal, value, bound))
}

#[cold]
#[inline(never)]
fn raise_beyond(refusal: Refusal, value: u64, bound: u64) -> Raised {
    log_values(value, bound);
    raise(refusal)
}

/// Logs a value and the bound that it broke, eight bytes each, little-endian; what is below zero in two's complement.
fn log_values(value: u64, bound: u64) {
    sol_log_data(&[&value.to_le_bytes(), &bound.to_le_bytes()]);
}
