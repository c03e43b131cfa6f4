//! The whole ledger, looked at between two moments: every invariant, every vault, everybody's margin.

use crate::{
    heard::{Heard, words},
    stage::Stage,
};
use anyhow::{Context, Result, bail};
use plimsoll::state::{Bank, MarginAccount, RiskBoard};
use plimsoll_audit::{History, Ledger, vaults::Gap};
use plimsoll_client::portfolio;
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::account::Position,
    liquidation::{Scope, View},
    margin::Holdings,
    num::Ratio,
};
use solana_pubkey::Pubkey;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// How long nothing may have happened for the ledger to be looked at, and how often that is waited for.
const STILL: Duration = Duration::from_millis(50);
const WAITS: usize = 200;

/// All accounts of the program, and the vaults, at one moment between two transactions.
pub struct Photograph {
    accounts: Vec<(Pubkey, Vec<u8>)>,
    vaults: BTreeMap<Pubkey, u64>,
    now: i64,
    /// What did not hold: the first of the invariants that failed, in its words.
    pub violation: Option<String>,
}

impl Photograph {
    /// Takes one when no transaction is under way.
    ///
    /// # Errors
    /// The network has ended, or never rests.
    pub fn take(stage: &Stage, heard: &Heard) -> Result<Self> {
        let client = stage.network.client();
        let vaults: Vec<Pubkey> = stage.banks.iter().map(|bank| bank.vault).collect();
        for _ in 0..WAITS {
            heard.waits(|_| true, STILL, Duration::from_secs(1));
            let before = heard.record().transactions;
            let accounts = client.get_program_accounts(&plimsoll::ID)?;
            let held = client.get_multiple_accounts(&vaults)?;
            let now = stage.network.now();
            heard.waits(|_| true, STILL, Duration::from_secs(1));
            let mut record = heard.record();
            if record.transactions != before {
                continue;
            }
            let tokens = held.iter().map(|account| tokens_in(account.as_ref().map_or(&[], |it| &it.data)));
            let vaults = vaults.iter().copied().zip(tokens.collect::<Result<Vec<u64>>>()?).collect();
            let accounts = accounts.into_iter().map(|(address, account)| (address, account.data)).collect();
            let mut photograph = Self { accounts, vaults, now, violation: None };
            // While the record is held nothing is heard: history and ledger are of the same moment.
            photograph.violation = photograph.check(&mut record.history);
            return Ok(photograph);
        }
        bail!("the network never rests: the ledger cannot be looked at");
    }

    fn check(&self, history: &mut History) -> Option<String> {
        let held = |vault: &Pubkey| self.vaults.get(vault).copied().unwrap_or_default();
        let check = AssertUnwindSafe(|| plimsoll_audit::check(&self.ledger(), held, self.now, history));
        catch_unwind(check).err().map(|panic| words(&*panic))
    }

    /// The ledger on it.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::read(self.accounts.iter().map(|(address, data)| (*address, data.as_slice())))
    }

    /// What each vault has beyond all claims on it, by the place of its bank; native units, rounded down.
    pub fn gaps(&self, ledger: &Ledger<'_>) -> Vec<(u8, i128)> {
        let held = |bank: &Bank| self.vaults.get(&bank.vault.0.into()).copied().unwrap_or_default();
        ledger.banks.iter().map(|(place, (_, bank))| (*place, Gap::of(bank, held(bank)).units())).collect()
    }

    /// How much of what counts for it is spoken for, of each account and pocket with anything at risk.
    pub fn loads(&self, ledger: &Ledger<'_>) -> Vec<Loaded> {
        let Some(board) = ledger.board else { return Vec::new() };
        let overlay = Overlay::none();
        let view = View { board: &board.0, overlay: &overlay, now: self.now };
        let of = |(address, account): (&Pubkey, &&MarginAccount)| loads_of(*address, account, &view);
        ledger.accounts.iter().flat_map(of).collect()
    }

    /// What an account would have if everything were sold at the price, native quote; `None` for one that is not there.
    pub fn equity(&self, ledger: &Ledger<'_>, account: &Pubkey) -> Option<i64> {
        let board: &RiskBoard = ledger.board?;
        let account: &MarginAccount = ledger.accounts.get(account)?;
        portfolio::Portfolio::new(account, board, self.now).equity().ok().map(|equity| equity.get())
    }
}

/// An account's cross part, or one of its pockets.
pub struct Loaded {
    /// Whose.
    pub account: Pubkey,
    /// The market of a pocket; nothing for the cross part.
    pub pocket: Option<u8>,
    /// `(liabilities + requirement) / assets` at maintenance: in danger above 1.
    pub load: Ratio,
    /// Whether health is below 0.
    pub is_endangered: bool,
}

fn loads_of(address: Pubkey, account: &MarginAccount, view: &View<'_>) -> Vec<Loaded> {
    let alone = |position: &&Position| !position.is_free() && position.is_isolated();
    let pockets = account.positions.iter().filter(alone).map(|it| (Some(it.market), Scope::Pocket(it)));
    let scopes = std::iter::once((None, Scope::Cross(Holdings::from(&account.0)))).chain(pockets);
    let valuation = portfolio::Valuation::new(view.board, view.now);
    let load = |(pocket, scope): (Option<u8>, Scope<'_>)| {
        let margin = match &scope {
            Scope::Pocket(position) => valuation.pocket(position, Check::Maintenance),
            Scope::Cross(holdings) => valuation.maintenance(holdings),
        };
        // Whose margin cannot be told is not taken for safe.
        let (load, is_endangered) =
            margin.map_or((Ratio::MAX, true), |margin| (portfolio::load(&margin), !margin.is_healthy()));
        (load > Ratio::ZERO).then_some(Loaded { account: address, pocket, load, is_endangered })
    };
    scopes.filter_map(load).collect()
}

/// Tokens in a token account, by either token program.
fn tokens_in(data: &[u8]) -> Result<u64> {
    let amount = data.get(64..72).and_then(|bytes| bytes.try_into().ok());
    amount.map(u64::from_le_bytes).context("a vault is no token account")
}
