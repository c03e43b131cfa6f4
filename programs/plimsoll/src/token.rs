//! Tokens in and out of vaults, by the real token programs.

use crate::{errors::Refusal, mint, state::Bank};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{self, TransferChecked};

/// Where a token account names its mint, and its amount: the same in SPL Token and Token-2022.
const MINT: core::ops::Range<usize> = 0..32;
const AMOUNT: core::ops::Range<usize> = 64..72;

/// The accounts of a transfer between a bank's vault and somebody's token account.
pub struct Transfer<'a, 'info> {
    pub bank: &'a AccountLoader<'info, Bank>,
    pub mint: &'a UncheckedAccount<'info>,
    pub vault: &'a UncheckedAccount<'info>,
    /// The token account on the other side.
    pub other: &'a UncheckedAccount<'info>,
    pub token_program: &'a UncheckedAccount<'info>,
}

impl<'info> Transfer<'_, 'info> {
    /// That mint, vault and program are the bank's, and the other account is another one of the same mint.
    ///
    /// Keys are compared with the bank's instead of decoding accounts: the token program checks the rest itself.
    pub fn validate(&self, bank: &Bank) -> Result<()> {
        ensure!(self.mint.key.as_array() == &bank.mint.0, Refusal::WrongMint);
        ensure!(self.vault.key.as_array() == &bank.vault.0, Refusal::WrongVault);
        ensure!(self.token_program.key.as_array() == &bank.token_program.0, Refusal::WrongTokenProgram);
        ensure!(self.other.key != self.vault.key, Refusal::DuplicateAccount);
        ensure!(self.other.owner.as_array() == &bank.token_program.0, Refusal::WrongTokenAccount);
        let other = self.other.try_borrow_data()?;
        ensure!(other.get(MINT) == Some(&bank.mint.0[..]), Refusal::WrongTokenAccount);
        drop(other);
        if bank.token_2022 != 0 {
            mint::require_no_cpi_guard(self.other)?;
        }
        Ok(())
    }

    /// Tokens held by the vault.
    pub fn held(&self) -> Result<u64> {
        amount_of(self.vault)
    }

    /// From the other account into the vault, by the signer's authority; checks what arrived.
    ///
    /// # Errors
    /// [`Refusal::ReceivedLess`]; [`Refusal::VaultShortfall`] where the vault did not hold what `recorded` says before.
    pub fn take_in(&self, authority: &Signer<'info>, amount: u64, decimals: u8, recorded: u64) -> Result<()> {
        let before = self.held()?;
        ensure!(before >= recorded, Refusal::VaultShortfall);
        let accounts = TransferChecked {
            from: self.other.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.vault.to_account_info(),
            authority: authority.to_account_info(),
        };
        token_interface::transfer_checked(
            CpiContext::new(*self.token_program.key, accounts),
            amount,
            decimals,
        )?;
        ensure!(before.checked_add(amount) == Some(self.held()?), Refusal::ReceivedLess);
        Ok(())
    }

    /// From the vault to the other account, by the bank's authority.
    ///
    /// # Errors
    /// [`Refusal::VaultShortfall`] where the vault does not hold what `recorded` said before this.
    pub fn pay_out(&self, amount: u64, decimals: u8, recorded: u64) -> Result<()> {
        ensure!(self.held()? >= recorded, Refusal::VaultShortfall);
        let (exchange, bump) = {
            let bank = self.bank.load()?;
            (bank.exchange.0, [bank.bump])
        };
        let seeds: &[&[u8]] = &[Bank::SEED, &exchange, self.mint.key.as_ref(), &bump];
        let accounts = TransferChecked {
            from: self.vault.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.other.to_account_info(),
            authority: self.bank.to_account_info(),
        };
        let signed = [seeds];
        let context = CpiContext::new_with_signer(*self.token_program.key, accounts, &signed);
        token_interface::transfer_checked(context, amount, decimals)
    }
}

/// The amount in a token account.
///
/// # Errors
/// [`Refusal::WrongTokenAccount`] for an account too short to be one.
pub fn amount_of(account: &AccountInfo) -> Result<u64> {
    let data = account.try_borrow_data()?;
    let bytes = data.get(AMOUNT).and_then(|bytes| bytes.try_into().ok()).ok_or(Refusal::WrongTokenAccount)?;
    Ok(u64::from_le_bytes(bytes))
}
