//! What was heard of the network: every transaction in order, its events numbered without gaps, and when the last one was.

use crossbeam_channel::Receiver;
use plimsoll::{events::MakerChange, state::RiskBoard};
use plimsoll_audit::{
    History,
    telling::{Teller, Told},
};
use plimsoll_client::{
    events::{self, Event},
    instructions,
};
use plimsoll_localnet::Processed;
use plimsoll_sim::report::Report;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::{
    collections::{BTreeMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What nobody has a name for.
const UNKNOWN: &str = "unknown";

/// The program of compute budgets, and what its instruction to limit compute begins with.
const BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
const SET_LIMIT: u8 = 2;

/// What was heard until now.
pub struct Record {
    /// Becomes the report.
    pub teller: Teller,
    /// What invariants that look back remember.
    pub history: History,
    /// What should never have happened.
    pub violations: Vec<String>,
    /// Fills of makers' orders.
    pub fills: u64,
    /// Fees that went to liquidators and keepers, by margin account, native quote.
    pub earned: BTreeMap<Pubkey, i128>,
    /// Compute units that transactions of one instruction asked for, by the table of measured caps: the most, by instruction.
    pub allowed: BTreeMap<String, u64>,
    /// Transactions.
    pub transactions: u64,
    /// How often prices were copied to the board.
    pub refreshes: u64,
    /// Prices of the last look, for what tokens were worth.
    pub board: Option<Box<RiskBoard>>,
    signatures: HashSet<[u8; 64]>,
    last: Instant,
}

/// Listens to a network.
#[derive(Clone)]
pub struct Heard(Arc<(Mutex<Record>, Condvar)>);

impl Heard {
    /// Listens from now on, until the network ends.
    pub fn listen(to: Receiver<Processed>, report: Report) -> Self {
        let record = Record {
            teller: Teller::new(report),
            history: History::default(),
            violations: Vec::new(),
            fills: 0,
            earned: BTreeMap::new(),
            allowed: BTreeMap::new(),
            transactions: 0,
            refreshes: 0,
            board: None,
            signatures: HashSet::new(),
            last: Instant::now(),
        };
        let heard = Self(Arc::new((Mutex::new(record), Condvar::new())));
        let listener = heard.clone();
        thread::spawn(move || {
            for processed in to {
                listener.record().hears(&processed);
                listener.0.1.notify_all();
            }
        });
        heard
    }

    /// What was heard.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is so and no transaction was processed for a while, at most so long; whether it came to that.
    pub fn waits(&self, is_so: impl Fn(&Record) -> bool, quiet: Duration, most: Duration) -> bool {
        let end = Instant::now() + most;
        let mut record = self.record();
        loop {
            let since = record.last.elapsed();
            let left = end.saturating_duration_since(Instant::now());
            let wait = match is_so(&record) {
                true if since >= quiet => return true,
                _ if left.is_zero() => return false,
                true => left.min(quiet - since),
                // Whatever is heard wakes.
                false => left,
            };
            record = self.0.1.wait_timeout(record, wait).map_or_else(|it| it.into_inner().0, |it| it.0);
        }
    }
}

impl Record {
    fn hears(&mut self, processed: &Processed) {
        self.last = Instant::now();
        let ours = processed.instructions.iter().filter(|(program, _)| *program == plimsoll::ID);
        let names: Vec<String> = ours.map(|(program, data)| name(*program, data)).collect();
        if names.is_empty() {
            return;
        }
        self.transactions += 1;
        let mut signature = [0; 64];
        signature.copy_from_slice(processed.signature.as_ref());
        if !self.signatures.insert(signature) {
            self.violations.push(format!("{} was executed twice", processed.signature));
        }
        let told = match processed.error {
            None => events::in_log(processed.logs.iter().map(String::as_str)),
            Some(_) => Vec::new(),
        };
        if let ([name], Some(limit)) = (&names[..], limit(&processed.instructions)) {
            let allowed = self.allowed.entry(name.clone()).or_default();
            *allowed = limit.max(*allowed);
        }
        self.counts(&told);
        if processed.error.is_none() {
            let (history, count) = (&mut self.history, names.len());
            let heard = catch_unwind(AssertUnwindSafe(|| history.record(&told, count)));
            self.violations.extend(heard.err().map(|panic| words(&*panic)));
        }
        self.tells(&names, &told, processed);
    }

    /// Each instruction with what it used; the events with the first one, in whose transaction they were told.
    fn tells(&mut self, names: &[String], told: &[Event], processed: &Processed) {
        let empty = Box::<RiskBoard>::new(bytemuck::Zeroable::zeroed());
        let board = self.board.as_deref().unwrap_or(&empty);
        let used = consumed(&processed.logs);
        for (place, name) in names.iter().enumerate() {
            let error = processed.error.as_ref();
            // Of a transaction that failed only its last instruction to run did.
            if error.is_some() && place + 1 != used.len().clamp(1, names.len()) {
                continue;
            }
            let events = if place == 0 { told } else { &[] };
            let compute_units = used.get(place).copied().unwrap_or_default();
            self.teller.hears(&Told { name, compute_units, error, events }, board);
        }
    }

    fn counts(&mut self, told: &[Event]) {
        let fills = |makers: &[MakerChange]| makers.iter().filter(|it| it.kind == 0).count() as u64;
        for event in told {
            match event {
                // What waits in the queue is applied later: it is counted where it was matched.
                Event::Ordered(it) => self.fills += fills(&it.makers),
                Event::LiquidatedIntoBook(it) => {
                    self.fills += fills(&it.makers);
                    self.liquidates(it.keeper, it.fee, (it.account, it.liqend));
                }
                Event::TakenOver(it) => {
                    self.liquidates(
                        it.liquidator,
                        it.fee.saturating_add(it.subsidy),
                        (it.account, it.liqend),
                    );
                }
                Event::CollateralSwapped(it) => {
                    self.liquidates(it.liquidator, it.fee, (it.account, it.liqend));
                }
                Event::PnlBought(it) => {
                    let given = it.paid.saturating_add(it.insurance_fee);
                    self.liquidates(it.liquidator, it.claim.saturating_sub(given), (it.account, it.liqend));
                }
                Event::TriggerExecuted(it) => self.earns(it.keeper, it.reward.cast_signed()),
                Event::RefresherPaid(it) => self.earns(it.account, it.amount.cast_signed()),
                Event::PricesRefreshed(_) => self.refreshes += 1,
                _ => (),
            }
        }
    }

    /// Somebody was liquidated, whose health at the end of a liquidation was so before.
    fn liquidates(&mut self, liquidator: Pubkey, fee: i64, (account, health): (Pubkey, i64)) {
        self.earns(liquidator, fee);
        if health >= 0 {
            self.violations.push(format!("{account} was liquidated with a health of {health}"));
        }
    }

    fn earns(&mut self, keeper: Pubkey, amount: i64) {
        *self.earned.entry(keeper).or_default() += i128::from(amount);
    }
}

/// What the interface calls an instruction.
fn name(program_id: Pubkey, data: &[u8]) -> String {
    let instruction = Instruction { program_id, accounts: Vec::new(), data: data.to_vec() };
    instructions::name(&instruction).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The compute limit among a transaction's instructions.
fn limit(instructions: &[(Pubkey, Vec<u8>)]) -> Option<u64> {
    let set =
        instructions.iter().find(|(program, data)| *program == BUDGET && data.first() == Some(&SET_LIMIT))?;
    let units = set.1.get(1..5)?.try_into().ok()?;
    Some(u32::from_le_bytes(units).into())
}

/// What a panic said.
pub fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// What each of the program's instructions in a transaction used, out of its log; calls from other programs are not among them.
fn consumed(logs: &[String]) -> Vec<u64> {
    let ours = format!("Program {} consumed ", plimsoll::ID);
    let mut depth = 0u32;
    let mut used = Vec::new();
    for line in logs {
        if line.starts_with("Program ") && line.contains(" invoke [") {
            depth += 1;
        } else if let Some(rest) = line.strip_prefix(&ours).filter(|_| depth == 1) {
            used.extend(rest.split(' ').next().and_then(|units| units.parse::<u64>().ok()));
        } else if line.starts_with("Program ") && (line.ends_with(" success") || line.contains(" failed: ")) {
            depth = depth.saturating_sub(1);
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_charged_with_what_it_called_but_not_with_its_neighbours() {
        let id = plimsoll::ID;
        let logs = [
            "Program ComputeBudget111111111111111111111111111111 invoke [1]".to_owned(),
            "Program ComputeBudget111111111111111111111111111111 success".to_owned(),
            format!("Program {id} invoke [1]"),
            "Program TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA invoke [2]".to_owned(),
            "Program TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA consumed 4645 of 100 compute units"
                .to_owned(),
            "Program TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA success".to_owned(),
            format!("Program {id} consumed 7000 of 200000 compute units"),
            format!("Program {id} success"),
            format!("Program {id} invoke [1]"),
            format!("Program {id} consumed 900 of 193000 compute units"),
            format!("Program {id} failed: custom program error: 0x1770"),
        ];
        assert_eq!(consumed(&logs), [7_000, 900]);
    }
}
