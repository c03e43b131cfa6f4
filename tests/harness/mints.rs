//! Mints and token accounts, made by the real token programs.

use crate::{Chain, tokens::Token};
use anchor_lang::solana_program::program_pack::Pack;
use plimsoll_client::addresses::{ASSOCIATED_TOKEN, token_account};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_system_interface::instruction::create_account;
use spl_token_2022_interface::{extension::ExtensionType, instruction as token_instruction, state};

/// Who may mint every token of the test world.
pub const MINTER: &str = "minter";

impl Chain {
    /// Makes a token's mint. Extensions are initialised by `extend` between the account's creation and the mint's.
    pub fn makes_mint(
        &mut self,
        token: &Token,
        extensions: &[ExtensionType],
        extend: &[Instruction],
    ) -> Pubkey {
        let (payer, minter) = (self.payer(), self.person(MINTER));
        let mint = self.key(&format!("mint of {}", token.name));
        let space = match token.is_token_2022 {
            true => ExtensionType::try_calculate_account_len::<state::Mint>(extensions).expect("a length"),
            false => state::Mint::LEN,
        };
        let program = token.token_program();
        let create = create_account(&payer, &mint, self.rent(space), space as u64, &program);
        let initialise = token_instruction::initialize_mint2(&program, &mint, &minter, None, token.decimals);
        let last = initialise.expect("a mint of a token program");
        let instructions: Vec<_> = [create].into_iter().chain(extend.iter().cloned()).chain([last]).collect();
        self.send(&instructions).must_succeed();
        mint
    }

    /// Somebody's token account, made where it is missing.
    pub fn wallet(&mut self, owner: &Pubkey, token: &Token) -> Pubkey {
        let (mint, program) = (token.mint(), token.token_program());
        let wallet = token_account(owner, &mint, &program).address();
        if self.account(&wallet).is_none() {
            let accounts = vec![
                AccountMeta::new(self.payer(), true),
                AccountMeta::new(wallet, false),
                AccountMeta::new_readonly(*owner, false),
                AccountMeta::new_readonly(mint, false),
                AccountMeta::new_readonly(anchor_lang::system_program::ID, false),
                AccountMeta::new_readonly(program, false),
            ];
            let create = Instruction { program_id: ASSOCIATED_TOKEN, accounts, data: vec![1] };
            self.send(&[create]).must_succeed();
        }
        wallet
    }

    /// Mints tokens to a token account.
    pub fn mints(&mut self, token: &Token, to: &Pubkey, amount: u64) {
        let minter = self.person(MINTER);
        let mint =
            token_instruction::mint_to(&token.token_program(), &token.mint(), to, &minter, &[], amount);
        self.send(&[mint.expect("a token program")]).must_succeed();
    }

    /// What a token account holds.
    pub fn tokens_in(&self, account: &Pubkey) -> u64 {
        let amount = self.data(account).get(64..72).expect("a token account");
        u64::from_le_bytes(amount.try_into().expect("eight bytes"))
    }
}

/// Transfers tokens from one token account to another: as a donation to a vault.
pub fn transfer(token: &Token, from: &Pubkey, to: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
    let program = token.token_program();
    let instruction = token_instruction::transfer_checked(
        &program,
        from,
        &token.mint(),
        to,
        owner,
        &[],
        amount,
        token.decimals,
    );
    instruction.expect("a token program")
}
