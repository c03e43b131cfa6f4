//! Tokens to play with, made by the real token program.

use anchor_spl::token::spl_token;
use anyhow::Result;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction::create_account;

use crate::Network;

/// A token, and the token program that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub mint: Pubkey,
    pub program: Pubkey,
}

/// Bytes of a mint and of a token account of SPL Token.
const MINT_SPACE: u64 = 82;
const ACCOUNT_SPACE: u64 = 165;

/// Creates a token whose supply `authority` controls.
pub fn create(network: &Network, authority: &Keypair, decimals: u8) -> Result<Token> {
    let mint = Keypair::new();
    let rent = network.client().get_minimum_balance_for_rent_exemption(MINT_SPACE as usize)?;
    let create = create_account(&authority.pubkey(), &mint.pubkey(), rent, MINT_SPACE, &spl_token::ID);
    let initialize = spl_token::instruction::initialize_mint2(
        &spl_token::ID,
        &mint.pubkey(),
        &authority.pubkey(),
        None,
        decimals,
    )?;
    network.send(&[create, initialize], &[authority, &mint])?;
    Ok(Token { mint: mint.pubkey(), program: spl_token::ID })
}

/// Opens a token account of `owner` and mints an amount into it.
pub fn give(
    network: &Network,
    authority: &Keypair,
    token: Token,
    owner: &Pubkey,
    amount: u64,
) -> Result<Pubkey> {
    let account = Keypair::new();
    let rent = network.client().get_minimum_balance_for_rent_exemption(ACCOUNT_SPACE as usize)?;
    let instructions = [
        create_account(&authority.pubkey(), &account.pubkey(), rent, ACCOUNT_SPACE, &token.program),
        spl_token::instruction::initialize_account3(&token.program, &account.pubkey(), &token.mint, owner)?,
        spl_token::instruction::mint_to(
            &token.program,
            &token.mint,
            &account.pubkey(),
            &authority.pubkey(),
            &[],
            amount,
        )?,
    ];
    network.send(&instructions, &[authority, &account])?;
    Ok(account.pubkey())
}

/// What a token account holds.
pub fn held(network: &Network, account: &Pubkey) -> Result<u64> {
    Ok(network.client().get_token_account_balance(account)?.amount.parse()?)
}
