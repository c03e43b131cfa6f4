//! Pay fees: collected fees leave the quote vault for the fee collector.

use crate::{
    errors::Refusal, events::FeesPaid, instructions::vault::SkimSurplus, state::risk_board::Pausable,
};
use anchor_lang::prelude::*;

/// Pays out all collected fees. The outflow limits do not hold them back: fees are nobody's deposit.
#[access_control(ctx.accounts.validate(Pausable::Settle))]
pub fn pay_fees(ctx: Context<SkimSurplus>) -> Result<()> {
    let (decimals, recorded, event) = {
        let mut bank = ctx.accounts.bank.load_mut()?;
        let recorded = bank.vault_balance.get();
        let amount = bank.release_fees()?.get();
        ensure!(amount > 0, Refusal::NothingToCollect);
        let sequence = bank.next_event();
        (bank.decimals, recorded, FeesPaid { bank: *ctx.accounts.bank.as_ref().key, sequence, amount })
    };
    ctx.accounts.transfer().pay_out(event.amount, decimals, recorded)?;
    event.tell();
    Ok(())
}
