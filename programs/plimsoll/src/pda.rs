//! Accounts at addresses of the program's own that Anchor's `init` cannot make.

use anchor_lang::{
    prelude::*,
    system_program::{self, Allocate, Assign, Transfer},
};

/// Makes an empty account of this program at its address, rent paid by `payer`.
///
/// What the address already holds is counted: a donation cannot stand in the way, as it would in `create_account`.
pub fn create<'info>(
    payer: AccountInfo<'info>,
    account: AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
) -> Result<()> {
    let missing = Rent::get()?.minimum_balance(space).saturating_sub(account.lamports());
    if missing > 0 {
        let accounts = Transfer { from: payer, to: account.clone() };
        system_program::transfer(CpiContext::new(system_program::ID, accounts), missing)?;
    }
    let signed = [seeds];
    let accounts = Allocate { account_to_allocate: account.clone() };
    system_program::allocate(
        CpiContext::new_with_signer(system_program::ID, accounts, &signed),
        space as u64,
    )?;
    let accounts = Assign { account_to_assign: account };
    system_program::assign(CpiContext::new_with_signer(system_program::ID, accounts, &signed), &crate::ID)
}
