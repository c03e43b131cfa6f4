//! The world of a test: an exchange with banks and prices, people, time. Whatever happens in it, the invariants hold.

use crate::{
    Chain, Failure, Receipt,
    governors::Governor,
    invariants::{self, Danger, History},
    oracle::Oracle,
    perps::Perp,
    snapshot::Snapshot,
    tokens::Token,
    trader::Trader,
};
use plimsoll::state::{Bank, Exchange, MarginAccount, PendingChange, RiskBoard};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses, margin_account},
    decode,
    lookup::Table,
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_transaction::TransactionError;

/// Whoever may replace the program.
pub const UPGRADE_AUTHORITY: &str = "upgrade authority";

/// An exchange and everybody around it.
#[derive(Clone)]
pub struct World {
    pub chain: Chain,
    pub exchange: ExchangeAddresses,
    pub(crate) tokens: Vec<Token>,
    /// What the oracles say of each token, in the order of the tokens.
    pub(crate) prices: Vec<f64>,
    /// Markets, in the order of the board.
    pub(crate) markets: Vec<(Perp, MarketAddresses)>,
    pub(crate) history: History,
}

impl World {
    /// The program is deployed; there is no exchange yet.
    pub fn bare() -> Self {
        Self {
            chain: Chain::new(UPGRADE_AUTHORITY),
            exchange: ExchangeAddresses::derive(),
            tokens: Vec::new(),
            prices: Vec::new(),
            markets: Vec::new(),
            history: History::default(),
        }
    }

    /// Sends a transaction that has to succeed, then checks every invariant.
    pub fn does(&mut self, instructions: &[Instruction]) -> Receipt {
        let danger = Danger::of(&self.chain, instructions);
        let receipt = self.chain.send(instructions).must_succeed();
        self.went_through(receipt, instructions, danger)
    }

    /// The same by a version-0 transaction, whose accounts may stand in lookup tables.
    pub fn does_v0(&mut self, instructions: &[Instruction], tables: &[Table]) -> Receipt {
        let danger = Danger::of(&self.chain, instructions);
        let receipt = self.chain.send_v0(instructions, tables).must_succeed();
        self.went_through(receipt, instructions, danger)
    }

    fn went_through(&mut self, receipt: Receipt, instructions: &[Instruction], danger: Danger) -> Receipt {
        danger.judge(&self.chain, instructions);
        self.history.record(&receipt.events, instructions.len());
        invariants::check(&self.chain, &mut self.history);
        receipt
    }

    /// Sends a transaction that has to be refused for this reason and to change nothing.
    pub fn refuses(&mut self, instructions: &[Instruction], reason: impl Into<Failure>) -> Receipt {
        let before = Snapshot::of(&self.chain);
        let receipt = self.chain.send(instructions).must_fail(&reason.into());
        invariants::a_refused_transaction_changes_nothing(&before, &self.chain);
        receipt
    }

    /// The same by a version-0 transaction.
    pub fn refuses_v0(
        &mut self,
        instructions: &[Instruction],
        tables: &[Table],
        reason: impl Into<Failure>,
    ) -> Receipt {
        let before = Snapshot::of(&self.chain);
        let receipt = self.chain.send_v0(instructions, tables).must_fail(&reason.into());
        invariants::a_refused_transaction_changes_nothing(&before, &self.chain);
        receipt
    }

    /// Sends a transaction that may be refused by name, as long as the invariants hold: for walks without a plan.
    pub fn tries(&mut self, instructions: &[Instruction]) -> Receipt {
        let receipt = self.tries_anything(instructions);
        if let Some(error) = &receipt.error {
            assert!(is_a_named_refusal(error), "{error:?}\n{}", receipt.logs.join("\n"));
        }
        receipt
    }

    /// The same for whoever judges refusals himself.
    pub fn tries_anything(&mut self, instructions: &[Instruction]) -> Receipt {
        let danger = Danger::of(&self.chain, instructions);
        let receipt = self.chain.send(instructions);
        if receipt.error.is_none() {
            danger.judge(&self.chain, instructions);
            self.history.record(&receipt.events, instructions.len());
        }
        invariants::check(&self.chain, &mut self.history);
        receipt
    }

    /// Either of the two.
    pub(crate) fn attempts(&mut self, instructions: &[Instruction], expected: Option<&Failure>) -> Receipt {
        match expected {
            None => self.does(instructions),
            Some(reason) => self.refuses(instructions, reason.clone()),
        }
    }

    /// The same by a version-0 transaction.
    pub(crate) fn attempts_v0(
        &mut self,
        instructions: &[Instruction],
        tables: &[Table],
        expected: Option<&Failure>,
    ) -> Receipt {
        match expected {
            None => self.does_v0(instructions, tables),
            Some(reason) => self.refuses_v0(instructions, tables, reason.clone()),
        }
    }

    /// Somebody with a wallet and a margin account, which is opened on first mention.
    pub fn trader(&mut self, name: &str) -> Trader<'_> {
        Trader::new(self, name)
    }

    /// Whoever publishes prices, and refreshes the board with them.
    pub fn oracle(&mut self) -> Oracle<'_> {
        Oracle::new(self)
    }

    /// Somebody who governs, by the name of the role: `admin`, `risk council`, `guardian`, `fee collector`; or who tries.
    pub fn governor(&mut self, name: &str) -> Governor<'_> {
        Governor::new(self, name)
    }

    /// Whoever proposes changes and adds banks.
    pub fn admin(&mut self) -> Governor<'_> {
        self.governor("admin")
    }

    /// Whoever pauses and vetoes.
    pub fn guardian(&mut self) -> Governor<'_> {
        self.governor("guardian")
    }

    /// Lets time pass; prices and indexes grow old.
    pub fn passes(&mut self, seconds: i64) {
        self.chain.set_time(self.chain.now() + seconds);
    }

    pub fn now(&self) -> i64 {
        self.chain.now()
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// A token's place among the banks of the board.
    pub fn place_of(&self, token: Token) -> u8 {
        let place = self.tokens.iter().position(|it| it.name == token.name).expect("a token of this world");
        place as u8
    }

    /// A token's place among the feeds of the board: every token but the first has one.
    pub fn feed_of(&self, token: Token) -> u8 {
        self.place_of(token).checked_sub(1).expect("the quote token has no feed")
    }

    pub fn bank_of(&self, token: Token) -> BankAddresses {
        BankAddresses::derive(&self.exchange, token.mint(), token.token_program())
    }

    /// A bank's account, as it stands.
    pub fn bank(&self, token: Token) -> Bank {
        decode::read(self.chain.data(&self.bank_of(token).bank)).expect("a bank")
    }

    /// The risk board, as it stands.
    pub fn board(&self) -> &RiskBoard {
        RiskBoard::from_account_data(self.chain.data(&self.exchange.board)).expect("a board")
    }

    /// The exchange's account, as it stands.
    pub fn exchange_account(&self) -> Exchange {
        decode::read(self.chain.data(&self.exchange.exchange)).expect("an exchange")
    }

    /// A queued change, as it stands.
    pub fn change(&self, address: &Pubkey) -> Option<PendingChange> {
        decode::read(self.chain.data(address)).ok()
    }

    /// Somebody's first margin account, as it stands.
    pub fn account(&self, name: &str) -> MarginAccount {
        decode::read(self.chain.data(&self.account_of(name))).expect("a margin account")
    }

    /// The address of somebody's first margin account.
    pub fn account_of(&self, name: &str) -> Pubkey {
        margin_account(&self.exchange.exchange, &crate::keys::address(name), 0).address()
    }

    /// Somebody's balance in native units: owed below zero, rounded against them.
    pub fn balance(&self, name: &str, token: Token) -> i128 {
        let (bank, account) = (self.bank(token), self.account(name));
        let held = bank.held_by(&account).expect("a balance").get();
        let owed = bank.owed_by(&account).expect("a balance").get();
        i128::from(held) - i128::from(owed)
    }

    /// Tokens really in a bank's vault.
    pub fn vault_holds(&self, token: Token) -> u64 {
        self.chain.tokens_in(&self.bank_of(token).vault)
    }

    /// Makes tokens vanish from a vault, as no honest token program would.
    pub fn robs_vault(&mut self, token: Token, amount: u64) {
        let left = self.vault_holds(token) - amount;
        self.set_vault(token, left);
        self.history.robbed.insert(self.bank_of(token).bank);
    }

    /// Puts tokens back into a robbed vault.
    pub fn heals_vault(&mut self, token: Token, amount: u64) {
        let healed = self.vault_holds(token) + amount;
        self.set_vault(token, healed);
        self.history.robbed.remove(&self.bank_of(token).bank);
    }

    fn set_vault(&mut self, token: Token, amount: u64) {
        let vault = self.bank_of(token).vault;
        self.chain.tamper(&vault, |account| account.data[64..72].copy_from_slice(&amount.to_le_bytes()));
    }

    /// Somebody sends tokens to a vault without the program.
    pub fn donates(&mut self, token: Token, amount: u64) {
        let vault = self.bank_of(token).vault;
        self.chain.mints(&token, &vault, amount);
        invariants::check(&self.chain, &mut self.history);
    }

    /// All prices are published again and copied to the board, all banks' interest and all markets' funding is accrued.
    pub fn refreshes_all(&mut self) {
        let now = self.now();
        let old: Vec<Token> = self.tokens[1..].to_vec();
        let old: Vec<Token> = old.into_iter().filter(|token| self.feed(*token).publish_time < now).collect();
        for token in &old {
            self.oracle().publishes(*token);
        }
        if !old.is_empty() {
            self.oracle().refreshes(&old);
        }
        let banks: Vec<Instruction> = self
            .tokens
            .iter()
            .map(|token| plimsoll_client::instructions::refresh::refresh_bank(&self.bank_of(*token)))
            .collect();
        for some in banks.chunks(8) {
            self.does(some);
        }
        self.refreshes_all_markets();
    }

    /// A token's feed on the board, as it stands.
    pub fn feed(&self, token: Token) -> plimsoll_risk::layout::feed::Feed {
        self.board().feeds[usize::from(self.feed_of(token))]
    }
}

/// Whether a program refused by a code of its own: never a crash, an overflow that was not caught, or a wrong account.
pub(crate) fn is_a_named_refusal(error: &TransactionError) -> bool {
    const TOKENS_SHORT: u32 = 1;
    let TransactionError::InstructionError(_, InstructionError::Custom(code)) = error else { return false };
    *code == TOKENS_SHORT || plimsoll_client::errors::refusal(*code).is_some()
}
