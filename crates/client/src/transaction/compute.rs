//! How much compute a transaction may need: what the table of measured caps allows its instructions, and a margin.

use anchor_lang::{AnchorDeserialize, Discriminator};
use plimsoll::instruction as kinds;
use serde::Deserialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{compute_budget, system_program};
use std::sync::LazyLock;

/// Most units that one transaction may use.
pub const MOST: u32 = 1_400_000;
/// What the network allows an instruction of which nothing is known.
const UNKNOWN: u32 = 200_000;
/// What an instruction of the network's own programs costs.
const BUILT_IN: u32 = 150;
/// Instructions that [`Draft`](super::Draft) adds: a nonce, two limits, a price.
const ADDED: u32 = 4 * BUILT_IN;
/// What a transaction may need beyond its caps: a refusal by the account checks writes its reason into the log, which costs more
/// than what it refuses, and new addresses are searched for a while.
const REASON: u32 = 50_000;
/// What an oracle account in place of a stale price costs, where the table does not say.
const OVERLAY: u32 = 2_000;
/// Expired orders that one order removes in passing, at most.
const REMOVALS: u32 = 8;
/// Banks and markets on one feed beyond its first bank, as many as are expected.
const SHARING_A_FEED: u32 = 3;

/// The caps that the program's tests hold it to, as generated.
const TABLE: &str = include_str!("../../../../docs/compute_units.json");

#[derive(Deserialize)]
struct Row {
    name: String,
    cap: Option<u32>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| serde_json::from_str(TABLE).unwrap_or_default());

/// What the table allows a row, units (or bytes); `None` where there is no such row.
pub fn cap(name: &str) -> Option<u32> {
    ROWS.iter().find(|row| row.name == name)?.cap
}

/// The most that the table allows the shapes of one thing: `deposit`, `deposit.token_2022`, …
fn most(of: &str) -> Option<u32> {
    let is_of =
        |row: &&Row| row.name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    ROWS.iter().filter(is_of).filter_map(|row| row.cap).max()
}

/// A kind of instruction: its mark, the accounts that it always has, and its rows in the table.
struct Kind {
    mark: &'static [u8],
    name: &'static str,
    accounts: usize,
    rows: &'static [&'static str],
}

macro_rules! kinds {
    ($($kind:ident, $accounts:literal: $($row:literal)+;)+) => {
        const KINDS: &[Kind] = &[
            $(Kind { mark: kinds::$kind::DISCRIMINATOR, name: stringify!($kind), accounts: $accounts, rows: &[$($row),+] },)+
        ];
    };
}

kinds! {
    PlaceOrder, 7: "place" "trade";
    CancelOrder, 7: "cancel";
    Batch, 7: "batch";
    CancelByClientId, 7: "cancel_by_client_id";
    CancelAll, 7: "cancel_all";
    ApplyFills, 3: "apply_fills";
    SettlePnl, 5: "settle_pnl";
    Deposit, 8: "deposit";
    Withdraw, 8: "withdraw";
    WithdrawAll, 8: "withdraw_all";
    Repay, 8: "repay";
    RepayAll, 8: "repay_all";
    RefreshPrices, 3: "refresh_prices.paid";
    RefreshBank, 3: "refresh_bank";
    RefreshMarket, 4: "refresh_market";
    ExecuteTrigger, 8: "execute_trigger";
    PlaceTrigger, 4: "place_trigger";
    CancelTrigger, 3: "cancel_trigger";
    FundPocket, 4: "fund_pocket";
    DrainPocket, 4: "drain_pocket";
    SetPositionMode, 4: "set_position_mode";
    SetDeadMan, 3: "set_dead_man";
    CollectFees, 5: "collect_fees";
    PayFees, 8: "pay_fees";
    ApplyDeleveraging, 3: "apply_deleveraging";
    OpenAccount, 5: "open_account";
    CloseAccount, 4: "close_account";
    SetDelegate, 3: "set_delegate";
    SkimSurplus, 8: "skim_surplus";
    ResumeBank, 4: "resume_bank";
    CreateExchange, 6: "create_exchange";
    CreateBoard, 4: "create_board";
    GrowBoard, 4: "grow_board";
    AddFeed, 3: "add_feed";
    RegisterBank, 8: "register_bank";
    CreateMarket, 8: "create_market";
    GrowBook, 4: "grow_book";
    OpenExchange, 3: "open_exchange";
    ProposeChange, 7: "propose_change";
    ApplyChange, 6: "apply_change";
    VetoChange, 4: "veto_change";
    WithdrawChange, 4: "withdraw_change";
    NominateAdmin, 2: "nominate_admin";
    AcceptAdmin, 2: "accept_admin";
    Pause, 3: "pause";
    Unpause, 3: "unpause";
    Assess, 3: "assess";
    TakeOver, 6: "take_over" "liquidate.takeover";
    LiquidateIntoBook, 7: "liquidate_into_book" "liquidate.book";
    SwapCollateral, 6: "swap_collateral" "liquidate.collateral";
    BuyPnl, 6: "buy_pnl" "liquidate.pnl";
    Deleverage, 3: "deleverage";
    ResolveBankruptcy, 7: "resolve_bankruptcy" "bankruptcy" "waterfall";
    GateWithdrawals, 3: "gate_withdrawals";
    CreateInsurance, 6: "create_insurance";
    OpenStake, 4: "open_stake";
    Stake, 7: "stake";
    Cool, 4: "cool";
    Redeem, 7: "redeem";
    CloseStake, 2: "close_stake";
    StartSettlement, 4: "start_settlement";
    ObserveSettlement, 2: "observe_settlement";
    CloseSettled, 3: "close_settled";
    CloseMarket, 4: "close_market";
    ProveLife, 2: "prove_life";
}

/// Compute units that a transaction of these instructions may need: the sum of their caps, a tenth more, what its
/// limits cost themselves, and what it takes to be told why it was refused; at most [`MOST`].
pub fn limit(instructions: &[Instruction]) -> u32 {
    let sum = instructions.iter().map(of).fold(0, u32::saturating_add);
    sum.saturating_add(sum.div_ceil(10)).saturating_add(ADDED + REASON).min(MOST)
}

/// Compute units that one instruction may need: its largest shape in the table, and what its arguments and the accounts
/// brought along add to that. [`UNKNOWN`] for whatever the table does not know.
pub fn of(instruction: &Instruction) -> u32 {
    if instruction.program_id != plimsoll::ID {
        return of_another_program(&instruction.program_id);
    }
    let kind = KINDS.iter().find(|kind| instruction.data.starts_with(kind.mark));
    let measured = |kind: &Kind| kind.rows.iter().filter_map(|row| most(row)).max();
    let Some((kind, base)) = kind.and_then(|kind| Some((kind, measured(kind)?))) else { return UNKNOWN };
    let brought = instruction.accounts.len().saturating_sub(kind.accounts);
    base.saturating_add(beyond_base(kind, instruction, u32::try_from(brought).unwrap_or(u32::MAX)))
}

/// What the program calls an instruction by its mark, in its own type's spelling; `None` for data of another program.
pub(crate) fn name(data: &[u8]) -> Option<&'static str> {
    KINDS.iter().find(|kind| data.starts_with(kind.mark)).map(|kind| kind.name)
}

fn of_another_program(program: &Pubkey) -> u32 {
    if *program == system_program::ID || *program == compute_budget::ID { BUILT_IN } else { UNKNOWN }
}

/// What the arguments and the accounts brought along add to the largest shape that was measured.
fn beyond_base(kind: &Kind, instruction: &Instruction, brought: u32) -> u32 {
    let overlays = brought.saturating_mul(cap("margin.per_overlay").unwrap_or(OVERLAY));
    let arguments = instruction.data.get(kind.mark.len()..).unwrap_or_default();
    let orders = match kind.mark {
        kinds::PlaceOrder::DISCRIMINATOR => {
            kinds::PlaceOrder::try_from_slice(arguments).map(|it| vec![it.order]).ok()
        }
        kinds::Batch::DISCRIMINATOR => kinds::Batch::try_from_slice(arguments).map(|it| it.orders).ok(),
        _ => None,
    };
    if let Some(orders) = orders {
        let makers = orders.iter().map(|order| u32::from(order.most_makers)).fold(0, u32::saturating_add);
        let orders = u32::try_from(orders.len()).unwrap_or(u32::MAX);
        return overlays.saturating_add(meeting(makers)).saturating_add(orders.saturating_mul(removing()));
    }
    match kind.mark {
        kinds::LiquidateIntoBook::DISCRIMINATOR => {
            let makers =
                kinds::LiquidateIntoBook::try_from_slice(arguments).map_or(u8::MAX, |it| it.most_makers);
            overlays.saturating_add(meeting(makers.into())).saturating_add(removing())
        }
        kinds::ExecuteTrigger::DISCRIMINATOR => {
            overlays.saturating_add(meeting(brought)).saturating_add(removing())
        }
        kinds::RefreshPrices::DISCRIMINATOR => brought.saturating_mul(a_feed()),
        kinds::ApplyFills::DISCRIMINATOR => {
            brought.saturating_mul(cap("apply_fill_largest").unwrap_or(UNKNOWN))
        }
        _ => overlays,
    }
}

/// So many makers met, settled at once or queued.
fn meeting(makers: u32) -> u32 {
    makers.saturating_mul(cap("fill.per_maker_largest").unwrap_or(UNKNOWN))
}

/// As many expired orders removed as one order removes.
fn removing() -> u32 {
    REMOVALS.saturating_mul(cap("fill.per_expired").unwrap_or(UNKNOWN))
}

/// A feed refreshed whose price is old, with the banks and markets that share it.
fn a_feed() -> u32 {
    let sharing = cap("refresh.per_market").max(cap("refresh.per_bank")).unwrap_or(UNKNOWN);
    let first = cap("refresh_prices.after_a_day").max(cap("refresh_prices.ramping")).unwrap_or(UNKNOWN);
    first.saturating_add(SHARING_A_FEED.saturating_mul(sharing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        addresses::{ExchangeAddresses, MarketAddresses},
        book::Side,
        instructions::{order::Order, refresh, trade::Trading},
    };

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    fn placing(makers: &[Pubkey]) -> Instruction {
        let market = MarketAddresses::derive(&ExchangeAddresses::derive(), 0);
        let trading = Trading { market, account: key(1), trader: key(2) };
        trading.place(&Order::limit(Side::Bid, 10, 60_000), &[], makers)
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        assert!(ROWS.iter().filter(|row| row.cap.is_some()).count() > 50, "rows have caps");
        assert_eq!(cap("no such row"), None);
        assert!(most("deposit") >= cap("deposit.token_2022") && most("deposit") > cap("deposit"));
    }

    #[test]
    fn every_instruction_of_the_program_is_known_with_its_accounts() {
        let interface = include_str!("../../../../idl/plimsoll.json");
        let interface: serde_json::Value = serde_json::from_str(interface).expect("an interface");
        let all = interface["instructions"].as_array().expect("instructions");
        for instruction in all {
            let bytes = instruction["discriminator"].as_array().expect("a mark");
            let mark: Vec<u8> = bytes.iter().filter_map(|it| u8::try_from(it.as_u64()?).ok()).collect();
            let kind = KINDS.iter().find(|kind| kind.mark == mark);
            let accounts = instruction["accounts"].as_array().map(Vec::len);
            assert_eq!(kind.map(|kind| kind.accounts), accounts, "{}", instruction["name"]);
        }
        assert_eq!(all.len(), KINDS.len());
    }

    #[test]
    fn no_two_kinds_have_the_same_mark() {
        let mut marks: Vec<&[u8]> = KINDS.iter().map(|kind| kind.mark).collect();
        marks.sort_unstable();
        marks.dedup();
        assert_eq!(marks.len(), KINDS.len());
    }

    #[test]
    fn an_order_may_use_what_its_largest_shape_and_its_makers_may() {
        let base = most("place").max(most("trade")).expect("a cap");
        let makers = 16 * cap("fill.per_maker_largest").expect("a cap");
        assert_eq!(of(&placing(&[])), base + makers + removing());
        assert!(of(&placing(&[key(5)])) > of(&placing(&[])));
        assert!(limit(&[placing(&[])]) >= of(&placing(&[])) * 11 / 10);
    }

    #[test]
    fn a_refresh_may_use_more_for_each_feed() {
        let with = |feeds: &[(u8, Pubkey)]| of(&refresh::refresh_prices(key(1), feeds, None));
        let (one, two) = (with(&[(0, key(5))]), with(&[(0, key(5)), (1, key(6))]));
        assert_eq!(two - one, a_feed());
        assert!(one >= cap("refresh_prices.after_a_day").expect("a cap"));
    }

    #[test]
    fn what_is_not_known_gets_what_the_network_gives_and_never_more_than_there_is() {
        let other = Instruction { program_id: key(9), accounts: vec![], data: vec![] };
        assert_eq!(of(&other), UNKNOWN);
        assert_eq!(of(&Instruction { program_id: plimsoll::ID, ..other.clone() }), UNKNOWN);
        assert_eq!(limit(&vec![other; 100]), MOST);
    }
}
