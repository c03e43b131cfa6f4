//! Tokens in and out of vaults, by the real token programs.

use crate::{errors::Refusal, mint, pda, state::Bank};
use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed_unchecked},
};

/// Where a token account names its mint, and its amount: the same in SPL Token and Token-2022.
const MINT: core::ops::Range<usize> = 0..32;
const AMOUNT: core::ops::Range<usize> = 64..72;

/// Bytes of a token account without extensions: none that is accepted of a mint wants one of its token accounts.
const SPACE: usize = 165;

/// Tags of instructions, the same in both token programs.
const TRANSFER_CHECKED: u8 = 12;
const INITIALIZE_ACCOUNT_3: u8 = 18;

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
        ensure!(bank.mint.is(self.mint.key.as_array()), Refusal::WrongMint);
        ensure!(bank.vault.is(self.vault.key.as_array()), Refusal::WrongVault);
        ensure!(bank.token_program.is(self.token_program.key.as_array()), Refusal::WrongTokenProgram);
        ensure!(!bank.vault.is(self.other.key.as_array()), Refusal::DuplicateAccount);
        ensure!(bank.token_program.is(self.other.owner.as_array()), Refusal::WrongTokenAccount);
        let other = self.other.try_borrow_data()?;
        let mint = other.get(MINT).and_then(|mint| mint.first_chunk());
        ensure!(mint.is_some_and(|mint| bank.mint.is(mint)), Refusal::WrongTokenAccount);
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
        self.transfer_checked(
            [self.other, self.vault],
            authority.to_account_info(),
            (amount, decimals),
            &[],
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
        self.transfer_checked(
            [self.vault, self.other],
            self.bank.to_account_info(),
            (amount, decimals),
            &[seeds],
        )
    }

    /// `TransferChecked`, the same in both token programs: tag 12, amount, decimals.
    ///
    /// Written out, because the library's builder costs as much as the transfer itself. Nothing is borrowed here, so the
    /// check of borrows is left out too.
    fn transfer_checked(
        &self,
        [from, to]: [&UncheckedAccount<'info>; 2],
        authority: AccountInfo<'info>,
        (amount, decimals): (u64, u8),
        seeds: &[&[&[u8]]],
    ) -> Result<()> {
        let mut data = Vec::with_capacity(10);
        data.push(TRANSFER_CHECKED);
        data.extend_from_slice(&amount.to_le_bytes());
        data.push(decimals);
        let accounts = vec![
            AccountMeta::new(*from.key, false),
            AccountMeta::new_readonly(*self.mint.key, false),
            AccountMeta::new(*to.key, false),
            AccountMeta::new_readonly(*authority.key, true),
        ];
        let instruction = Instruction { program_id: *self.token_program.key, accounts, data };
        let infos = [from.to_account_info(), self.mint.to_account_info(), to.to_account_info(), authority];
        invoke_signed_unchecked(&instruction, &infos, seeds).map_err(Into::into)
    }
}

/// What a token account is made of.
pub struct NewAccount<'a, 'info> {
    pub payer: &'a Signer<'info>,
    /// Where it is to be: an address of this program's.
    pub account: &'a UncheckedAccount<'info>,
    pub mint: &'a UncheckedAccount<'info>,
    /// Who may move what it holds.
    pub authority: &'a Pubkey,
    pub token_program: &'a UncheckedAccount<'info>,
}

impl NewAccount<'_, '_> {
    /// Makes the account at the address of these seeds, and has the token program take it over by `InitializeAccount3`:
    /// tag 18, authority.
    ///
    /// # Errors
    /// The system program's, above all where the address holds an account already; the token program's.
    pub fn create(&self, seeds: &[&[u8]]) -> Result<()> {
        pda::create_for(self.token_program.key, self.payer, self.account, seeds, SPACE)?;
        let data = [&[INITIALIZE_ACCOUNT_3], self.authority.as_ref()].concat();
        let accounts = vec![
            AccountMeta::new(*self.account.key, false),
            AccountMeta::new_readonly(*self.mint.key, false),
        ];
        let instruction = Instruction { program_id: *self.token_program.key, accounts, data };
        let infos = [self.account.to_account_info(), self.mint.to_account_info()];
        invoke_signed_unchecked(&instruction, &infos, &[]).map_err(Into::into)
    }
}

/// The amount in a token account.
///
/// # Errors
/// [`Refusal::WrongTokenAccount`] for an account too short to be one.
#[inline]
pub fn amount_of(account: &AccountInfo) -> Result<u64> {
    let data = account.try_borrow_data()?;
    let bytes = data.get(AMOUNT).and_then(|bytes| bytes.try_into().ok()).ok_or(Refusal::WrongTokenAccount)?;
    Ok(u64::from_le_bytes(bytes))
}
