//! Address lookup tables: a transaction names what a table lists by one byte instead of 32, so it has room for more makers.

use crate::addresses::{BankAddresses, ExchangeAddresses, MarketAddresses};
use anchor_lang::system_program;
use solana_address_lookup_table_interface::{instruction, state::AddressLookupTable};
use solana_instruction::Instruction;
use solana_message::{CompileError, Hash, VersionedMessage, v0};
use solana_pubkey::Pubkey;
use std::collections::HashSet;

pub use solana_message::AddressLookupTableAccount as Table;

/// Most bytes of a transaction.
pub const MAX_TRANSACTION: usize = 1_232;
/// Addresses that one instruction adds to a table: a transaction with it and two signatures fits.
pub const STEP: usize = 24;

const SIGNATURE: usize = 64;

/// What every trader of an exchange names again and again, each once: exchange, board, insurance fund, banks with their vaults
/// and mints, markets with their books, oracle accounts. Margin accounts are for whoever expects to meet them to add.
pub fn shared(
    of: &ExchangeAddresses,
    banks: &[BankAddresses],
    markets: &[MarketAddresses],
    oracles: &[Pubkey],
) -> Vec<Pubkey> {
    let of_bank = |bank: &BankAddresses| [bank.bank, bank.vault, bank.mint, bank.token_program];
    let of_market = |market: &MarketAddresses| [market.market, market.bids, market.asks, market.queue];
    let all = [of.exchange, of.board, of.insurance, system_program::ID]
        .into_iter()
        .chain(banks.iter().flat_map(of_bank))
        .chain(markets.iter().flat_map(of_market))
        .chain(oracles.iter().copied());
    let mut seen = HashSet::new();
    all.filter(|address| seen.insert(*address)).collect()
}

/// Creates a table for addresses: its address, and the instructions, each for a transaction of its own. `recent_slot` is
/// any of the last 512 slots that had a block. Payer and authority sign. What was added can be used from the next slot on.
pub fn create(
    authority: Pubkey,
    payer: Pubkey,
    recent_slot: u64,
    addresses: &[Pubkey],
) -> (Pubkey, Vec<Instruction>) {
    let (create, table) = instruction::create_lookup_table(authority, payer, recent_slot);
    let instructions = std::iter::once(create).chain(extend(table, authority, payer, addresses)).collect();
    (table, instructions)
}

/// Adds addresses to a table, [`STEP`] an instruction. Payer and authority sign.
pub fn extend(
    table: Pubkey,
    authority: Pubkey,
    payer: Pubkey,
    addresses: &[Pubkey],
) -> impl Iterator<Item = Instruction> + use<'_> {
    let steps = addresses.chunks(STEP);
    steps.map(move |some| instruction::extend_lookup_table(table, authority, Some(payer), some.to_vec()))
}

/// Reads a table from its account's data; `None` for another kind of account.
pub fn read(address: Pubkey, data: &[u8]) -> Option<Table> {
    let table = AddressLookupTable::deserialize(data).ok()?;
    Some(Table { key: address, addresses: table.addresses.to_vec() })
}

/// Compiles a version-0 message that finds in the tables what it can. Sign it with `VersionedTransaction::try_new`.
///
/// # Errors
/// More than 256 accounts.
pub fn message(
    payer: &Pubkey,
    instructions: &[Instruction],
    tables: &[Table],
    recent_blockhash: Hash,
) -> Result<VersionedMessage, CompileError> {
    v0::Message::try_compile(payer, instructions, tables, recent_blockhash).map(VersionedMessage::V0)
}

/// Bytes of the transaction that a message becomes with its signatures. The network takes [`MAX_TRANSACTION`].
pub fn size(message: &VersionedMessage) -> usize {
    let signatures = usize::from(message.header().num_required_signatures);
    // The count of signatures is one byte, as long as there are fewer than 128 of them.
    signatures.saturating_mul(SIGNATURE).saturating_add(1).saturating_add(message.serialize().len())
}

/// Accounts that a message locks, those that it finds in tables included.
pub fn locks(message: &VersionedMessage) -> usize {
    let found = message.address_table_lookups().unwrap_or_default();
    let found = found.iter().map(|it| it.writable_indexes.len().saturating_add(it.readonly_indexes.len()));
    message.static_account_keys().len().saturating_add(found.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        book::Side,
        instructions::{order::Order, trade::Trading},
    };

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    /// What a table lists, for a taker with these makers.
    type Listed = fn(&[Pubkey]) -> Vec<Pubkey>;

    /// What a taker sends who brings so many makers, with a table of these or without one.
    fn taking(makers: u8, table: Option<Listed>) -> VersionedMessage {
        let market = MarketAddresses::derive(&ExchangeAddresses::derive(), 0);
        let trading = Trading { market, account: key(1), trader: key(2) };
        let makers: Vec<Pubkey> = (100..100 + makers).map(key).collect();
        let place = trading.place(&Order::limit(Side::Bid, 10, 60_000), &[ORACLE], &makers);
        let tables: Vec<Table> =
            table.into_iter().map(|list| Table { key: key(3), addresses: list(&makers) }).collect();
        message(&key(2), &[place], &tables, Hash::default()).expect("a message")
    }

    const ORACLE: Pubkey = Pubkey::new_from_array([50; 32]);

    fn of_the_exchange(_makers: &[Pubkey]) -> Vec<Pubkey> {
        let of = ExchangeAddresses::derive();
        shared(&of, &[], &[MarketAddresses::derive(&of, 0)], &[ORACLE])
    }

    fn with_makers(makers: &[Pubkey]) -> Vec<Pubkey> {
        [of_the_exchange(makers), makers.to_vec()].concat()
    }

    #[test]
    fn a_taker_with_ten_makers_fits_and_tables_make_room_for_more() {
        let fits = |message: &VersionedMessage| size(message) <= MAX_TRANSACTION && locks(message) <= 64;
        let most = |table| (0..100).rev().find(|makers| fits(&taking(*makers, table)));
        assert!(fits(&taking(10, Some(of_the_exchange))));
        assert_eq!(most(None), Some(24));
        assert_eq!(most(Some(of_the_exchange)), Some(28));
        // Here the locks are the limit: 64 accounts, nine of them not makers.
        assert_eq!(most(Some(with_makers)), Some(55));
    }

    #[test]
    fn what_is_found_in_a_table_is_locked_as_well() {
        assert_eq!(locks(&taking(10, None)), 19);
        assert_eq!(locks(&taking(10, Some(with_makers))), 19);
    }

    #[test]
    fn each_instruction_for_a_new_table_fits_a_transaction() {
        let addresses: Vec<Pubkey> = (0..100).map(key).collect();
        let (table, instructions) = create(key(101), key(102), 77, &addresses);
        assert_eq!(instructions.len(), 1 + 100_usize.div_ceil(STEP));
        for instruction in &instructions {
            let message = message(&key(102), std::slice::from_ref(instruction), &[], Hash::default());
            assert!(size(&message.expect("a message")) <= MAX_TRANSACTION);
            assert!(instruction.accounts.iter().any(|meta| meta.pubkey == table));
        }
    }

    #[test]
    fn nothing_is_listed_twice() {
        let of = ExchangeAddresses::derive();
        let banks = [BankAddresses::derive(&of, key(1), key(9)), BankAddresses::derive(&of, key(2), key(9))];
        assert_eq!(shared(&of, &banks, &[], &[key(5), key(5)]).len(), 4 + 7 + 1);
    }
}
