//! Accounts at addresses of the program's own: made, marked, and given room.
//!
//! The system program's instructions are written out: the library's builder brings a serialiser into the program that is
//! larger than all of this.

use crate::errors::Refusal;
use anchor_lang::{
    prelude::*,
    solana_program::{instruction::Instruction, program::invoke_signed_unchecked, system_program},
};

/// Tags of the system program's instructions.
mod tag {
    /// Then lamports (u64), space (u64), owner (32 bytes).
    pub const CREATE: [u8; 4] = 0u32.to_le_bytes();
    /// Then the owner (32 bytes).
    pub const ASSIGN: [u8; 4] = 1u32.to_le_bytes();
    /// Then lamports (u64).
    pub const TRANSFER: [u8; 4] = 2u32.to_le_bytes();
    /// Then space (u64).
    pub const ALLOCATE: [u8; 4] = 8u32.to_le_bytes();
}

/// Makes an empty account of this program at its address, rent paid by `payer`.
///
/// # Errors
/// The system program's own, above all 0 where the address holds an account already.
pub fn create<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
) -> Result<()> {
    create_for(&crate::ID, payer, account, seeds, space)
}

/// The same, for an account that `owner` is to own.
///
/// What the address already holds is counted: a donation cannot stand in the way, as it would in `CreateAccount` alone.
///
/// # Errors
/// As [`create`].
#[inline(never)]
pub fn create_for<'info>(
    owner: &Pubkey,
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
) -> Result<()> {
    let bytes = (space as u64).to_le_bytes();
    if account.lamports() == 0 {
        let rent = Rent::get()?.minimum_balance(space).to_le_bytes();
        let data = [&tag::CREATE[..], &rent, &bytes, owner.as_ref()].concat();
        return system(data, &[payer.clone(), account.clone()], 2, &[seeds]);
    }
    pay_rent(payer, account, space)?;
    let made = core::slice::from_ref(account);
    system([&tag::ALLOCATE[..], &bytes].concat(), made, 1, &[seeds])?;
    system([&tag::ASSIGN[..], owner.as_ref()].concat(), made, 1, &[seeds])
}

/// Makes an account of this program and says with its first bytes of which kind it is.
///
/// # Errors
/// As [`create`].
#[inline(never)]
pub fn create_marked<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
    mark: &[u8],
) -> Result<()> {
    create(payer, account, seeds, space)?;
    let mut data = account.try_borrow_mut_data()?;
    data.get_mut(..mark.len()).ok_or(Refusal::Overflow)?.copy_from_slice(mark);
    Ok(())
}

/// The fields of an account behind its mark.
///
/// # Errors
/// [`Refusal::Overflow`] for data of another length than these fields have.
pub fn fields<T: bytemuck::Pod>(data: &mut [u8]) -> Result<&mut T> {
    let fields = data.get_mut(8..).ok_or(Refusal::Overflow)?;
    bytemuck::try_from_bytes_mut(fields).map_err(|_| Refusal::Overflow.into())
}

/// Makes an account of this program larger, the further rent paid by `payer`.
///
/// # Errors
/// The system program's own; the runtime's beyond what one instruction may add.
#[inline(never)]
pub fn grow<'info>(payer: &AccountInfo<'info>, account: &AccountInfo<'info>, space: usize) -> Result<()> {
    pay_rent(payer, account, space)?;
    account.resize(space).map_err(Into::into)
}

/// Pays what the account lacks in rent for so much space.
fn pay_rent<'info>(payer: &AccountInfo<'info>, account: &AccountInfo<'info>, space: usize) -> Result<()> {
    let missing = Rent::get()?.minimum_balance(space).saturating_sub(account.lamports());
    if missing == 0 {
        return Ok(());
    }
    let data = [&tag::TRANSFER[..], &missing.to_le_bytes()].concat();
    system(data, &[payer.clone(), account.clone()], 1, &[])
}

/// One instruction of the system program; all accounts are written, the first `signers` of them sign.
///
/// Nothing is borrowed where accounts are made, so the check of borrows is left out.
#[inline(never)]
fn system(data: Vec<u8>, infos: &[AccountInfo], signers: usize, seeds: &[&[&[u8]]]) -> Result<()> {
    let meta = |(place, info): (usize, &AccountInfo)| AccountMeta::new(*info.key, place < signers);
    let accounts = infos.iter().enumerate().map(meta).collect();
    let instruction = Instruction { program_id: system_program::ID, accounts, data };
    invoke_signed_unchecked(&instruction, infos, seeds).map_err(Into::into)
}
