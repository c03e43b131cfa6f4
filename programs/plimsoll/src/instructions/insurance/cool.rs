//! Cool: shares begin the wait before they can be redeemed. Until they are, they bear losses like all others.

use super::unstaked;
use crate::{
    clock,
    errors::Refusal,
    events::StakeCooled,
    state::{Exchange, InsuranceFund, InsuranceStake},
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::Shares;

#[derive(Accounts)]
pub struct Cool<'info> {
    pub owner: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub insurance: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub stake: AccountLoader<'info, InsuranceStake>,
}

impl Cool<'_> {
    fn validate(&self, insurance: &InsuranceFund, stake: &InsuranceStake) -> Result<()> {
        stake.require_owner(self.owner.key)?;
        let together = insurance.exchange.is(self.exchange.as_ref().key.as_array())
            && stake.exchange == insurance.exchange;
        ensure!(together, Refusal::ForeignExchange);
        Ok(())
    }
}

/// Lets so many shares cool, those that cool already included: their time begins again. None at all stops cooling.
pub fn cool(ctx: Context<Cool>, shares: u64) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    let (mut insurance, mut stake) = (accounts.insurance.load_mut()?, accounts.stake.load_mut()?);
    accounts.validate(&insurance, &stake)?;
    insurance.fund.cooldown = accounts.exchange.load()?.insurance_cooldown;
    insurance.fund.begin_cooling(&mut stake.stake, Shares::new(shares), now).map_err(unstaked)?;
    let ready_at = stake.stake.ready_at;
    let address = *accounts.stake.as_ref().key;
    StakeCooled { stake: address, sequence: stake.next_event(), shares, ready_at }.tell();
    Ok(())
}
