//! Create exchange: the one who could replace the program names who governs it, so nobody can be first.

use crate::{
    clock,
    errors::Refusal,
    governance, pda,
    state::{Exchange, exchange::PHASE_SET_UP},
};
use anchor_lang::{Discriminator, prelude::*, solana_program::bpf_loader_upgradeable};
use plimsoll_risk::{layout::Key as Address, num::Ratio};

/// Defaults of a new exchange's insurance; each is a parameter from then on, and so are the amounts that follow when the
/// quote token's decimals are known.
const INSURANCE_COOLDOWN: u32 = 7 * 86_400;
const TIER_SECONDS: u32 = 86_400;
const PURCHASE_FEE: Ratio = Ratio::from_bps(100);
const FEE_SHARE: Ratio = Ratio::from_bps(1_000);

/// Who governs, and how long loosening waits.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct Roles {
    /// Proposes every change, adds feeds, banks and markets.
    pub admin: Pubkey,
    /// Proposes changes of parameters.
    pub risk_council: Pubkey,
    /// Pauses and vetoes.
    pub guardian: Pubkey,
    /// Receives surplus and fees.
    pub fee_collector: Pubkey,
    /// How long loosening waits, seconds.
    pub timelock_seconds: u64,
    /// How long a ramp takes, seconds.
    pub ramp_seconds: u64,
}

#[derive(Accounts)]
pub struct CreateExchange<'info> {
    /// Pays for the account.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Who may replace the program.
    pub upgrade_authority: Signer<'info>,
    /// The program's data account, which names its upgrade authority.
    /// CHECK: address, owner and layout in `validate`
    pub program_data: UncheckedAccount<'info>,
    /// The token that is worth 1.
    /// CHECK: its bank checks it as a mint; here it is only named
    pub quote_mint: UncheckedAccount<'info>,
    /// CHECK: created here at this address
    #[account(mut, seeds = [Exchange::SEED], bump)]
    pub exchange: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl CreateExchange<'_> {
    fn validate(&self, roles: &Roles) -> Result<()> {
        let (address, _) = Pubkey::find_program_address(&[crate::ID.as_ref()], &bpf_loader_upgradeable::ID);
        ensure!(self.program_data.key() == address, Refusal::WrongProgramData);
        ensure!(*self.program_data.owner == bpf_loader_upgradeable::ID, Refusal::WrongProgramData);
        let authority =
            upgrade_authority(&self.program_data.try_borrow_data()?).ok_or(Refusal::WrongProgramData)?;
        ensure!(authority == self.upgrade_authority.key(), Refusal::NotTheUpgradeAuthority);
        governance::require_roles(&roles.admin, &roles.risk_council, &roles.guardian)?;
        governance::require_delays(roles.timelock_seconds, roles.ramp_seconds)
    }
}

/// The upgrade authority in a program's data account: tag 3 (u32), slot (u64), option tag (u8), key.
fn upgrade_authority(data: &[u8]) -> Option<Pubkey> {
    let is_program_data = data.get(..4)? == 3u32.to_le_bytes();
    let has_authority = *data.get(12)? == 1;
    let key: [u8; 32] = data.get(13..45)?.try_into().ok()?;
    (is_program_data && has_authority).then(|| Pubkey::from(key))
}

#[access_control(ctx.accounts.validate(&roles))]
pub fn create_exchange(ctx: Context<CreateExchange>, roles: Roles) -> Result<()> {
    let accounts = &ctx.accounts;
    let seeds: &[&[u8]] = &[Exchange::SEED, &[ctx.bumps.exchange]];
    pda::create_marked(&accounts.payer, &accounts.exchange, seeds, Exchange::SPACE, Exchange::DISCRIMINATOR)?;
    let mut data = accounts.exchange.try_borrow_mut_data()?;
    let exchange: &mut Exchange = pda::fields(&mut data)?;
    exchange.admin = Address(roles.admin.to_bytes());
    exchange.risk_council = Address(roles.risk_council.to_bytes());
    exchange.guardian = Address(roles.guardian.to_bytes());
    exchange.fee_collector = Address(roles.fee_collector.to_bytes());
    exchange.quote_mint = Address(accounts.quote_mint.key().to_bytes());
    exchange.timelock_seconds = roles.timelock_seconds;
    exchange.ramp_seconds = roles.ramp_seconds;
    exchange.phase = PHASE_SET_UP;
    exchange.insurance_cooldown = INSURANCE_COOLDOWN;
    exchange.tier_seconds = TIER_SECONDS;
    exchange.purchase_fee = PURCHASE_FEE;
    exchange.fee_share = FEE_SHARE;
    exchange.governed_at = clock::now()?;
    exchange.bump = ctx.bumps.exchange;
    Ok(())
}
