//! People with wallets and margin accounts.

use crate::{Failure, Receipt, World, keys, tokens::Token};
use plimsoll_client::{
    instructions::{
        account::MarginAccount,
        refresh::refresh_bank,
        vault::{Inflow, Outflow},
    },
    lookup::Table,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Somebody who uses the exchange.
pub struct Trader<'w> {
    pub(crate) world: &'w mut World,
    pub(crate) name: String,
    pub(crate) key: Pubkey,
    pub(crate) account: MarginAccount,
    expected: Option<Failure>,
    pub(crate) oracles: Vec<Pubkey>,
    /// Margin accounts of makers that orders bring along.
    pub(crate) makers: Vec<Pubkey>,
    tables: Vec<Table>,
    beneficiary: Option<Pubkey>,
}

impl<'w> Trader<'w> {
    /// Opens the margin account on first mention.
    pub(crate) fn new(world: &'w mut World, name: &str) -> Self {
        let key = world.chain.person(name);
        let account = MarginAccount::derive(&world.exchange, key, 0);
        if world.chain.account(&account.address).is_none() {
            let payer = world.chain.payer();
            world.does(&[account.open(payer)]);
        }
        let name = name.to_owned();
        let (oracles, makers, tables) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, name, key, account, expected: None, oracles, makers, tables, beneficiary: None }
    }

    /// What follows has to be refused, for this reason, and to change nothing.
    #[must_use]
    pub fn refused(mut self, reason: impl Into<Failure>) -> Self {
        self.expected = Some(reason.into());
        self
    }

    /// What follows brings these tokens' oracle accounts along, where a price may be needed.
    #[must_use]
    pub fn bringing(mut self, tokens: &[Token]) -> Self {
        self.oracles = tokens.iter().map(Token::pyth).collect();
        self
    }

    /// The same with any accounts.
    #[must_use]
    pub fn bringing_accounts(mut self, accounts: &[Pubkey]) -> Self {
        self.oracles = accounts.to_vec();
        self
    }

    /// Deposits, repayments and all trading that follow happen to somebody else's margin account.
    #[must_use]
    pub fn for_account_of(mut self, name: &str) -> Self {
        self.beneficiary = Some(self.world.trader(name).account.address);
        self
    }

    /// Orders that follow bring these people's margin accounts along, in this order: as makers they are settled at once.
    #[must_use]
    pub fn meeting(mut self, names: &[&str]) -> Self {
        self.makers = names.iter().map(|name| self.world.account_of(name)).collect();
        self
    }

    /// What follows is sent as version-0 transactions with these lookup tables.
    #[must_use]
    pub fn by_tables(mut self, tables: &[Table]) -> Self {
        self.tables = tables.to_vec();
        self
    }

    pub fn key(&self) -> Pubkey {
        self.key
    }

    /// His margin account.
    pub fn margin_account(&self) -> MarginAccount {
        self.account
    }

    /// His token account.
    pub fn wallet(&mut self, token: Token) -> Pubkey {
        self.world.chain.wallet(&self.key, &token)
    }

    /// Makes sure that the wallet holds at least so much, as far as more can be minted.
    pub fn gets(&mut self, token: Token, amount: u64) -> Pubkey {
        let wallet = self.wallet(token);
        let missing = amount.saturating_sub(self.world.chain.tokens_in(&wallet));
        if missing > 0 {
            self.world.chain.mints(&token, &wallet, missing);
        }
        wallet
    }

    /// The margin account that deposits and trading change.
    pub fn acts_on(&self) -> Pubkey {
        self.beneficiary.unwrap_or(self.account.address)
    }

    /// The accounts of a deposit or a repayment.
    pub fn inflow(&mut self, token: Token) -> Inflow {
        Inflow {
            bank: self.world.bank_of(token),
            account: self.acts_on(),
            depositor: self.key,
            source: self.wallet(token),
        }
    }

    /// The accounts of a withdrawal.
    pub fn outflow(&mut self, token: Token) -> Outflow {
        Outflow {
            bank: self.world.bank_of(token),
            account: self.account.address,
            owner: self.key,
            destination: self.wallet(token),
        }
    }

    /// Deposits; the wallet gets what it lacks first.
    pub fn deposits(&mut self, token: Token, amount: u64) -> Receipt {
        self.gets(token, amount);
        let instruction = self.inflow(token).deposit(amount);
        self.sends(&[instruction])
    }

    /// Withdraws what the account holds, without borrowing.
    pub fn withdraws(&mut self, token: Token, amount: u64) -> Receipt {
        let instruction = self.outflow(token).withdraw(amount, false, &self.oracles.clone());
        self.sends(&[instruction])
    }

    /// Withdraws everything that the account holds of a token.
    pub fn withdraws_all(&mut self, token: Token) -> Receipt {
        let instruction = self.outflow(token).withdraw_all(&self.oracles.clone());
        self.sends(&[instruction])
    }

    /// Withdraws, borrowing what the account does not hold.
    pub fn borrows(&mut self, token: Token, amount: u64) -> Receipt {
        let instruction = self.outflow(token).withdraw(amount, true, &self.oracles.clone());
        self.sends(&[instruction])
    }

    /// Pays back so much; the wallet gets what it lacks first.
    pub fn repays(&mut self, token: Token, amount: u64) -> Receipt {
        self.gets(token, amount);
        let instruction = self.inflow(token).repay(amount);
        self.sends(&[instruction])
    }

    /// Pays back everything; the wallet gets more than enough first.
    pub fn repays_all(&mut self, token: Token) -> Receipt {
        let owed = u64::try_from(-self.world.balance(&self.name, token)).unwrap_or(0);
        self.gets(token, owed + owed / 10 + 10);
        let instruction = self.inflow(token).repay_all();
        self.sends(&[instruction])
    }

    /// Lets somebody act for him.
    pub fn delegates(&mut self, to: &str, scope: u32, expires_at: i64) -> Receipt {
        let instruction = self.account.set_delegate(keys::address(to), scope, expires_at);
        self.sends(&[instruction])
    }

    /// Takes a delegation back.
    pub fn takes_delegation_back(&mut self) -> Receipt {
        let instruction = self.account.set_delegate(Pubkey::default(), 0, 0);
        self.sends(&[instruction])
    }

    /// Closes the margin account.
    pub fn closes_account(&mut self) -> Receipt {
        let instruction = self.account.close(self.key);
        self.sends(&[instruction])
    }

    /// Refreshes a bank.
    pub fn refreshes(&mut self, token: Token) -> Receipt {
        let instruction = refresh_bank(&self.world.bank_of(token));
        self.sends(&[instruction])
    }

    /// Sends instructions as they stand.
    pub fn sends(&mut self, instructions: &[Instruction]) -> Receipt {
        if self.tables.is_empty() {
            return self.world.attempts(instructions, self.expected.as_ref());
        }
        self.world.attempts_v0(instructions, &self.tables, self.expected.as_ref())
    }

    /// Whether what follows has to be refused.
    pub(crate) fn expects_refusal(&self) -> bool {
        self.expected.is_some()
    }

    /// The balance in native units, owed below zero.
    pub fn balance(&self, token: Token) -> i128 {
        self.world.balance(&self.name, token)
    }

    /// # Panics
    /// Where the account holds another amount.
    #[track_caller]
    pub fn owns(&self, token: Token, amount: u64) -> &Self {
        assert_eq!(self.balance(token), i128::from(amount), "{} of {}", token.name, self.name);
        self
    }

    /// # Panics
    /// Where the account owes another amount.
    #[track_caller]
    pub fn owes(&self, token: Token, amount: u64) -> &Self {
        assert_eq!(self.balance(token), -i128::from(amount), "{} of {}", token.name, self.name);
        self
    }

    /// What the wallet holds.
    pub fn has_in_wallet(&mut self, token: Token) -> u64 {
        let wallet = self.wallet(token);
        self.world.chain.tokens_in(&wallet)
    }
}
