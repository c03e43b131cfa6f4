//! `plimsoll deposit`, `withdraw`, `repay`: tokens in and out.

use super::{
    deed::Deed,
    operator::{Operator, Own},
    oracles::{self, Beside},
};
use crate::{
    Refusal,
    amounts::{self, Wanted},
    exchange::BankEntry,
    figure::Figure,
};
use anchor_spl::{
    associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent,
    token::spl_token,
};
use clap::Args;
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    addresses::token_account,
    instructions::{account, vault},
};
use plimsoll_deploy::value;
use plimsoll_risk::num::Index;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_system_interface::instruction::transfer;

/// Where a token account's data holds its amount, in both token programs.
const AMOUNT: std::ops::Range<usize> = 64..72;

/// Deposits tokens: pays back what the account owes of them, then adds to its balance
///
/// Opens the margin account if there is none yet. SOL itself is wrapped as far as it is needed.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Deposit {
    /// How much of what: `10 SOL`, `1,000.5 USDC`, `25% SOL` or `all SOL` of what the wallet holds
    #[arg(value_name = "AMOUNT TOKEN", required = true, num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

/// Withdraws tokens to the wallet, as far as margin, caps and limits allow
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Withdraw {
    /// How much of what: `10 SOL`, `25% SOL` or `all SOL` of what the account holds
    #[arg(value_name = "AMOUNT TOKEN", required = true, num_args = 1..)]
    amount: Vec<String>,
    /// Borrows what the account does not hold
    #[arg(long)]
    borrow: bool,
    /// The token account that receives them; without one the wallet's own, which is created if it is missing
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Pubkey>,
    #[command(flatten)]
    own: Own,
}

/// Pays back a debt, never more than is owed
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Repay {
    /// How much of what: `10 SOL`, or `all SOL` that is owed
    #[arg(value_name = "AMOUNT TOKEN", required = true, num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

impl Deposit {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let wallet = Wallet::of(&operator, &self.amount)?;
        let address = operator.own_account(&self.own);
        let mut instructions = Vec::new();
        let mut told = String::new();
        if self.own.account.is_none() && operator.find(&address)?.is_none() {
            let opened =
                account::MarginAccount::derive(&operator.exchange().of, operator.signer, self.own.number);
            instructions.push(opened.open(operator.signer));
            told = format!("open margin account {}, ", self.own.number);
        }
        let held = wallet.holds()?;
        let amount = require_some(wallet.wanted.of(held))?;
        instructions.extend(wallet.wrapping(amount.saturating_sub(held)));
        instructions.push(wallet.inflow(address).deposit(amount));
        let shown = wallet.figure(amount);
        let deed = Deed::new(format!("{told}deposit {shown}"), instructions).about(address);
        operator.does(&deed.detail("token", &wallet.bank.name).detail("amount", shown))
    }
}

impl Withdraw {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let wallet = Wallet::of(&operator, &self.amount)?;
        let (address, account) = operator.own(&self.own)?;
        let brought = oracles::brought(&operator, &[&account], Beside::Bank(wallet.bank.bank.index));
        let mut instructions = Vec::new();
        if self.to.is_none() {
            instructions.extend(wallet.creating()?);
        }
        let outflow = vault::Outflow {
            bank: wallet.bank.at,
            account: address,
            owner: operator.signer,
            destination: self.to.unwrap_or(wallet.address),
        };
        let shown = match wallet.wanted {
            Wanted::All => {
                instructions.push(outflow.withdraw_all(&brought.accounts()));
                None
            }
            wanted => {
                let amount = require_some(wanted.of(deposited(&account, wallet.bank)?))?;
                instructions.push(outflow.withdraw(amount, self.borrow, &brought.accounts()));
                Some(wallet.figure(amount))
            }
        };
        let told = shown.as_ref().map_or_else(|| format!("all {}", wallet.bank.name), Figure::to_string);
        let deed = Deed::new(format!("withdraw {told}"), instructions).about(address);
        operator.does(&deed.detail("token", &wallet.bank.name).detail("amount", shown))
    }
}

impl Repay {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let wallet = Wallet::of(&operator, &self.amount)?;
        let (address, _) = operator.own(&self.own)?;
        let inflow = wallet.inflow(address);
        let (shown, repay) = match wallet.wanted {
            Wanted::All => (None, inflow.repay_all()),
            Wanted::Native(amount) => {
                let amount = require_some(amount)?;
                (Some(wallet.figure(amount)), inflow.repay(amount))
            }
            Wanted::Part(_) => {
                return Err(Refusal::Malformed("say how much, or all: not a percentage".into()));
            }
        };
        let all = || format!("all {} that is owed", wallet.bank.name);
        let told = shown.as_ref().map_or_else(all, Figure::to_string);
        let deed = Deed::new(format!("repay {told}"), vec![repay]).about(address);
        operator.does(&deed.detail("token", &wallet.bank.name).detail("amount", shown))
    }
}

/// The signer's token account of a bank's token, and how much of it is meant.
struct Wallet<'a> {
    operator: &'a Operator,
    bank: &'a BankEntry,
    wanted: Wanted,
    address: Pubkey,
}

impl<'a> Wallet<'a> {
    /// Out of `10 SOL`, in one word or several.
    fn of(operator: &'a Operator, words: &[String]) -> Result<Self, Refusal> {
        let text = words.join(" ");
        let text = text.trim();
        let (amount, token) = text.rsplit_once(char::is_whitespace).unwrap_or_else(|| value::split(text));
        if amount.is_empty() || token.is_empty() {
            return Err(Refusal::Malformed(format!(
                "{text:?}: expected an amount and a token such as 10 SOL"
            )));
        }
        let bank = operator.exchange().bank(token)?;
        let wanted = amounts::tokens(amount, &bank.denomination())?;
        let address = token_account(&operator.signer, &bank.at.mint, &bank.at.token_program).address();
        Ok(Self { operator, bank, wanted, address })
    }

    fn inflow(&self, account: Pubkey) -> vault::Inflow {
        let (bank, depositor) = (self.bank.at, self.operator.signer);
        vault::Inflow { bank, account, depositor, source: self.address }
    }

    /// So much of the token, native units.
    fn figure(&self, native: u64) -> Figure {
        Figure::tokens(native, &self.bank.denomination())
    }

    /// What it holds, native units; 0 where there is none.
    fn holds(&self) -> Result<u64, Refusal> {
        let amount = self.data()?.and_then(|data| data.get(AMOUNT)?.try_into().ok());
        Ok(amount.map_or(0, u64::from_le_bytes))
    }

    /// Creates it where there is none.
    fn creating(&self) -> Result<Option<Instruction>, Refusal> {
        Ok(self.data()?.is_none().then(|| self.create()))
    }

    /// Its data; nothing where there is none.
    fn data(&self) -> Result<Option<Vec<u8>>, Refusal> {
        let found = self.operator.session().reader().accounts(&[self.address])?.found;
        Ok(found.into_iter().next().flatten().map(|(_, data)| data))
    }

    fn create(&self) -> Instruction {
        let (payer, at) = (&self.operator.signer, &self.bank.at);
        create_associated_token_account_idempotent(payer, payer, &at.mint, &at.token_program)
    }

    /// Wraps so much SOL that is missing; nothing of another token.
    fn wrapping(&self, missing: u64) -> Vec<Instruction> {
        if missing == 0 || self.bank.at.mint != spl_token::native_mint::ID {
            return Vec::new();
        }
        let sync = spl_token::instruction::sync_native(&self.bank.at.token_program, &self.address);
        let lamports = transfer(&self.operator.signer, &self.address, missing);
        [self.create(), lamports].into_iter().chain(sync).collect()
    }
}

/// What an account holds of a bank's token, native units, rounded down; 0 where it owes.
fn deposited(account: &MarginAccount, bank: &BankEntry) -> Result<u64, Refusal> {
    let held = account.balances.iter().find(|slot| !slot.is_free() && slot.bank == bank.bank.index);
    let Some(slot) = held.filter(|slot| !slot.is_borrow()) else { return Ok(0) };
    let amount = slot.shares.amount_down(Index::from(bank.bank.deposit_index));
    amount.map(|amount| amount.get()).map_err(|_| Refusal::Failed("the balance cannot be told".into()))
}

fn require_some(amount: u64) -> Result<u64, Refusal> {
    if amount == 0 {
        return Err(Refusal::Malformed("that is nothing".into()));
    }
    Ok(amount)
}
