//! The books of a walk: what each bank has to hold by DESIGN §5, added up from the accounts themselves.

use super::walk::Listing;
use harness::World;
use plimsoll::state::{Bank, MarginAccount};
use plimsoll_client::decode;
use plimsoll_risk::num::Index;
use solana_account::ReadableAccount;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// What a walk has to remember of one bank.
#[derive(Clone, Copy, Default)]
struct Page {
    /// Tokens in the vault beyond what is recorded: given less taken, robbed less healed.
    surplus: i128,
    /// The dust when last looked at, 2^-64 of a native unit.
    dust: u128,
    /// Touches since then.
    touches: u128,
    /// Most that the dust can have become by all touches so far, 2^-64 of a native unit.
    bound: u128,
}

/// The books of all banks.
#[derive(Default)]
pub struct Books {
    pages: BTreeMap<Pubkey, Page>,
    /// Refreshes of prices that went through: events of the board.
    pub refreshes: u64,
}

/// What the accounts hold and owe in one bank, each balance in whole native units, as its owner sees it.
#[derive(Clone, Copy, Default)]
struct Sums {
    deposits: u128,
    borrows: u128,
    shares: [u128; 2],
    balances: u128,
}

impl Books {
    /// Tokens came to a vault, or left it, without the program.
    pub fn surplus_changes(&mut self, bank: &Pubkey, by: i128) {
        self.pages.entry(*bank).or_default().surplus += by;
    }

    pub fn surplus(&self, bank: &Pubkey) -> i128 {
        self.pages.get(bank).map_or(0, |page| page.surplus)
    }

    /// A bank's dust, 2^-64 of a native unit.
    pub fn dust(&self, bank: &Pubkey) -> u128 {
        self.pages.get(bank).map_or(0, |page| page.dust)
    }

    /// Takes note of an instruction that went through: of the banks that it may have written, of what it is known to do.
    pub fn went_through(&mut self, name: &str, instruction: &Instruction, listings: &[Listing]) {
        self.refreshes += u64::from(name == "refresh_prices");
        let written = instruction.accounts.iter().filter(|account| account.is_writable);
        for account in written.filter(|account| listings.iter().any(|it| it.bank.bank == account.pubkey)) {
            let page = self.pages.entry(account.pubkey).or_default();
            page.touches += 1;
            if name == "skim_surplus" {
                page.surplus = 0;
            }
        }
    }

    /// Checks everything.
    ///
    /// # Panics
    /// Where an identity does not hold.
    pub fn check(&mut self, world: &World, listings: &[Listing]) {
        let sums = sums(world, listings);
        for (listing, sums) in listings.iter().zip(&sums) {
            let bank: Bank = decode::read(world.chain.data(&listing.bank.bank)).expect("a bank");
            let page = self.pages.entry(listing.bank.bank).or_default();
            let name = listing.token.name;
            let held = i128::from(world.chain.tokens_in(&listing.bank.vault));
            let recorded = i128::from(bank.vault_balance.get());
            assert_eq!(held, recorded + page.surplus, "{name}: the vault, against record and surplus");
            let shares = [bank.deposit_shares, bank.borrow_shares].map(|shares| u128::from(shares.get()));
            assert_eq!(sums.shares, shares, "{name}: the accounts' shares, against the totals");
            covers(&bank, sums, name);
            page.dust_settles(&bank, sums, name);
        }
        assert_eq!(world.board().header.sequence, self.refreshes, "events of the board");
    }
}

/// B ≤ D: exactly in the bank's totals; added up by balance, each of which rounds by less than a unit, but for one unit
/// a balance.
fn covers(bank: &Bank, sums: &Sums, name: &str) {
    let (deposits, borrows) = (bank.deposits().expect("deposits"), bank.borrows().expect("borrows"));
    assert!(borrows <= deposits, "{name}: {borrows:?} are owed of {deposits:?}");
    assert!(sums.borrows <= sums.deposits + sums.balances, "{name}: the balances owe more than they hold");
}

impl Page {
    /// `vault = D − B + R + earmarks + dust`, dust ≥ 0 and bounded by the touches.
    ///
    /// In 2^-64 of a unit, where shares are worth exactly shares × index, all dust is rounding against somebody, so it
    /// never falls, and one touch rounds at most
    /// - once a share when interest goes to lenders, less than 2^64 shares of 2^-64 units: 1 unit,
    /// - once in a balance that is closed for whole units: 1 unit,
    /// - once in the shares given or taken for an amount: less than one share, which is worth an index.
    ///
    /// In whole units each balance rounds once more, and so does the fraction of the reserves.
    fn dust_settles(&mut self, bank: &Bank, sums: &Sums, name: &str) {
        let exact =
            exact_dust(bank).unwrap_or_else(|| panic!("{name}: the vault lacks a fraction of a unit"));
        let share = Index::from(bank.deposit_index).max(bank.borrow_index.into()).get();
        let room = self.touches * (whole(2) + share);
        assert!(exact >= self.dust, "{name}: {} / 2^64 units of dust are gone", self.dust - exact);
        assert!(
            exact - self.dust <= room,
            "{name}: {} touches left dust of {}",
            self.touches,
            exact - self.dust
        );
        (self.dust, self.touches, self.bound) = (exact, 0, self.bound + room);

        let parts = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| u128::from(part.get()));
        let has = u128::from(bank.vault_balance.get()) + sums.borrows;
        let owes = sums.deposits + u128::from(bank.reserves) + parts.iter().sum::<u128>();
        let dust =
            has.checked_sub(owes).unwrap_or_else(|| panic!("{name}: the vault lacks {} units", owes - has));
        let bound = (self.bound >> 64) + 1 + sums.balances + 1;
        assert!(dust <= bound, "{name}: {dust} units of dust, more than {bound}");
    }
}

/// Vault + borrows − deposits − reserves − earmarks in 2^-64 of a unit; nothing where that is negative.
fn exact_dust(bank: &Bank) -> Option<u128> {
    let worth = |shares: u64, index: Index| u128::from(shares).checked_mul(index.get()).expect("fits");
    let borrows = worth(bank.borrow_shares.get(), bank.borrow_index.into());
    let deposits = worth(bank.deposit_shares.get(), bank.deposit_index.into());
    let parts = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| whole(part.get()));
    let reserves = whole(bank.reserves) + u128::from(bank.reserves_fraction);
    let has = whole(bank.vault_balance.get()).checked_add(borrows).expect("fits");
    has.checked_sub(deposits)?.checked_sub(reserves)?.checked_sub(parts.iter().sum())
}

fn whole(units: u64) -> u128 {
    u128::from(units) << 64
}

/// Adds up every balance of every margin account.
fn sums(world: &World, listings: &[Listing]) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); listings.len()];
    let indexes: Vec<[Index; 2]> = listings
        .iter()
        .map(|listing| decode::read::<Bank>(world.chain.data(&listing.bank.bank)).expect("a bank"))
        .map(|bank| [bank.deposit_index.into(), bank.borrow_index.into()])
        .collect();
    for (_, account) in world.chain.accounts_of(plimsoll::ID) {
        if !decode::is::<MarginAccount>(account.data()) {
            continue;
        }
        let account: MarginAccount = decode::read(account.data()).expect("a margin account");
        for slot in account.balances.iter().filter(|slot| !slot.is_free()) {
            let place = usize::from(slot.bank);
            let [deposit_index, borrow_index] = indexes[place];
            let sum = &mut sums[place];
            sum.balances += 1;
            sum.shares[usize::from(slot.is_borrow())] += u128::from(slot.shares.get());
            match slot.is_borrow() {
                false => {
                    sum.deposits += u128::from(slot.shares.amount_down(deposit_index).expect("fits").get())
                }
                true => sum.borrows += u128::from(slot.shares.amount_up(borrow_index).expect("fits").get()),
            }
        }
    }
    sums
}
