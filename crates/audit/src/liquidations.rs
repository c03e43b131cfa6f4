//! What liquidation, deleveraging and the waterfall leave behind: counts that are right, and insurance that nobody else spent.

use super::{
    History,
    ledger::{Ledger, Trading},
};
use plimsoll::state::MarginAccount;
use plimsoll_risk::{
    deleveraging::{self, Residue},
    layout::{
        account::{ACCOUNT_HEALTHY, ACCOUNT_INSOLVENT, POSITION_INSOLVENT},
        market::MARKET_CLOSED,
    },
};
use solana_pubkey::Pubkey;

/// I-20 `insurance_falls_only_through_the_waterfall`: fund and tranches change by what events say of them, and by nothing
/// else: stakes, revenue and what is left of a closed market come in; bankruptcies, subsidies and redemptions take out.
pub(crate) fn insurance_falls_only_through_the_waterfall(ledger: &Ledger, history: &History) {
    let now = i128::from(ledger.insured());
    let expected = history.insured;
    assert_eq!(now, expected, "insurance changed by {}, and nobody said so", now - expected);
}

/// I-23 `residues_are_whole`: a market counts on each side who holds lots, who has not applied what his side went through, and
/// whose snapshot is of the epoch before.
pub(crate) fn residues_are_whole(ledger: &Ledger, trading: &Trading) {
    let (market, terms) = (trading.market, trading.terms);
    for (is_long, residue) in [(true, &market.long_residue), (false, &market.short_residue)] {
        let side = if is_long { terms.longs } else { terms.shorts };
        let (mut positions, mut behind, mut earlier) = (0, 0, 0);
        for (_, position) in ledger.positions(market.index) {
            if position.lots.is_zero() || (position.lots.get() > 0) != is_long {
                continue;
            }
            let pending = deleveraging::pending(position, terms, market.premium.funding);
            positions += 1;
            behind += u32::from(pending.expect("an epoch of the side").is_some());
            earlier += u32::from(position.epoch != side.epoch);
        }
        let Residue { positions: all, behind: late, earlier: old, .. } = *residue;
        let counted = (all, late, old);
        let name = if is_long { "longs" } else { "shorts" };
        assert_eq!(counted, (positions, behind, earlier), "{name} of market {}", market.index);
    }
}

/// I-24 `open_deficits_and_insolvent_are_counted`: the insurance fund counts the markets with a deficit that are not closed,
/// and the accounts and pockets that are marked insolvent: while there are any, nobody leaves it.
pub(crate) fn open_deficits_and_insolvent_are_counted(ledger: &Ledger) {
    let Some(insurance) = ledger.insurance else { return };
    let is_open = |it: &&Trading| it.market.deficit.get() > 0 && it.terms.state != MARKET_CLOSED;
    let open = ledger.markets.values().filter(is_open).count();
    let accounts = ledger.accounts.values().filter(|it| it.header.state == ACCOUNT_INSOLVENT).count();
    let positions = ledger.accounts.values().flat_map(|account| &account.positions);
    let pockets = positions.filter(|position| position.flags & POSITION_INSOLVENT != 0).count();
    let counted = (insurance.open_deficits as usize, insurance.insolvent as usize);
    assert_eq!(counted, (open, accounts + pockets), "open deficits, and insolvent accounts and pockets");
}

/// I-25 `flags_are_those_of_what_is_flagged`: an account that is not flagged is healthy by its state; only isolated positions
/// have a flag or a mark of their own.
pub(crate) fn flags_are_those_of_what_is_flagged(ledger: &Ledger) {
    for (address, account) in &ledger.accounts {
        let header = &account.header;
        let (state, flagged) = (header.state, header.flagged_at != 0);
        let sound = state == ACCOUNT_INSOLVENT || (state != ACCOUNT_HEALTHY) == flagged;
        assert!(sound, "state {state} of {address}, flagged at {}", header.flagged_at);
        pockets_have_their_own(address, account);
    }
}

fn pockets_have_their_own(address: &Pubkey, account: &MarginAccount) {
    for (position, flag) in account.positions.iter().zip(&account.pocket_flags) {
        let alone = position.is_isolated();
        assert!(
            alone || flag.flagged_at | flag.renewed_at == 0,
            "the flag of a pocket that is none, in {address}"
        );
        let marked = position.flags & POSITION_INSOLVENT != 0;
        assert!(alone || !marked, "the mark of a pocket that is none, in {address}");
    }
}
