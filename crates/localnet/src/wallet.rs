//! Wallets with something in them, out of nothing.

use anchor_spl::{
    associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent as open,
    token::spl_token,
};
use anyhow::{Context, Result};
use plimsoll_client::{
    addresses::{self, BankAddresses},
    instructions::{account::MarginAccount, vault::Inflow},
};
use plimsoll_deploy::{FAUCET, local};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::Network;

/// What the faucet has to pay for token accounts, and when it is given that again.
const PURSE: u64 = 1_000_000_000_000;
const SMALL_CHANGE: u64 = 1_000_000_000;

/// Gives an address lamports.
///
/// # Errors
/// Fewer than an account without data must hold.
pub fn fund(network: &Network, to: &Pubkey, lamports: u64) -> Result<()> {
    network.airdrop(to, lamports)
}

/// Mints an amount, in the token's smallest unit, to an owner's usual token account, which is opened if it is missing:
/// returns that account. The bank is one whose mint its manifest calls `local:NAME`.
///
/// # Errors
/// The mint is not the faucet's to mint, or not there.
pub fn give(network: &Network, bank: &BankAddresses, owner: &Pubkey, amount: u64) -> Result<Pubkey> {
    let faucet = faucet(network)?;
    let account = addresses::token_account(owner, &bank.mint, &bank.token_program).address();
    let mint =
        spl_token::instruction::mint_to(&spl_token::ID, &bank.mint, &account, &faucet.pubkey(), &[], amount)?;
    let instructions = [
        open(&faucet.pubkey(), owner, &bank.mint, &bank.token_program),
        // Both token programs read the same instruction.
        Instruction { program_id: bank.token_program, ..mint },
    ];
    network
        .execute(&instructions, &[&faucet])
        .with_context(|| format!("minting {amount} of {}", bank.mint))?;
    Ok(account)
}

/// What opens a margin account, which `payer` pays for, and deposits native units into it, by bank, in this order; the tokens
/// come out of nothing and are with the owner now. `payer` and owner sign.
///
/// # Errors
/// A mint is not the faucet's to mint, or not there.
pub fn entry(
    network: &Network,
    account: &MarginAccount,
    payer: Pubkey,
    deposits: &[(BankAddresses, u64)],
) -> Result<Vec<Instruction>> {
    let mut instructions = vec![account.open(payer)];
    for (bank, amount) in deposits {
        let source = give(network, bank, &account.owner, *amount)?;
        let inflow = Inflow { bank: *bank, account: account.address, depositor: account.owner, source };
        instructions.push(inflow.deposit(*amount));
    }
    Ok(instructions)
}

/// What a token account holds, in the token's smallest unit.
///
/// # Errors
/// There is no such token account.
pub fn held(network: &Network, account: &Pubkey) -> Result<u64> {
    Ok(network.client().get_token_account_balance(account)?.amount.parse()?)
}

/// The key that mints local tokens, with lamports to pay for what it does.
fn faucet(network: &Network) -> Result<Keypair> {
    let faucet = local::keypair(FAUCET);
    let address = faucet.pubkey();
    let purse = network.locker.with_svm_reader(move |svm| svm.get_account(&address));
    if purse.ok().flatten().is_none_or(|purse| purse.lamports < SMALL_CHANGE) {
        fund(network, &address, PURSE)?;
    }
    Ok(faucet)
}
