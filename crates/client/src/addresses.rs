//! Where everything is: addresses derived from seeds.

use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};
use plimsoll::state::{
    Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, PendingChange, RiskBoard,
    book::{ASKS_SEED, BIDS_SEED, QUEUE_SEED},
};
use solana_program::pubkey::PubkeyError;

/// The associated token account program.
pub const ASSOCIATED_TOKEN: Pubkey = pubkey!("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// The seeds of one address, and the program that it belongs to.
#[derive(Clone, Debug)]
pub struct Derived {
    program: Pubkey,
    seeds: Vec<Vec<u8>>,
}

impl Derived {
    fn new(program: Pubkey, seeds: &[&[u8]]) -> Self {
        Self { program, seeds: seeds.iter().map(|seed| seed.to_vec()).collect() }
    }

    /// Searches the canonical bump: the address and the bump.
    pub fn find(&self) -> (Pubkey, u8) {
        let seeds: Vec<&[u8]> = self.seeds.iter().map(Vec::as_slice).collect();
        Pubkey::find_program_address(&seeds, &self.program)
    }

    /// The address with its canonical bump.
    pub fn address(&self) -> Pubkey {
        self.find().0
    }

    /// The address with a bump that is already known, without a search.
    ///
    /// # Errors
    /// Where seeds and bump yield no address.
    pub fn create(&self, bump: u8) -> std::result::Result<Pubkey, PubkeyError> {
        let bump = [bump];
        let seeds: Vec<&[u8]> = self.seeds.iter().map(Vec::as_slice).chain([bump.as_slice()]).collect();
        Pubkey::create_program_address(&seeds, &self.program)
    }
}

/// The exchange.
pub fn exchange() -> Derived {
    Derived::new(plimsoll::ID, &[Exchange::SEED])
}

/// The exchange's risk board.
pub fn board(exchange: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[RiskBoard::SEED, exchange.as_ref()])
}

/// The bank of a mint.
pub fn bank(exchange: &Pubkey, mint: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[Bank::SEED, exchange.as_ref(), mint.as_ref()])
}

/// The vault of a bank.
pub fn vault(bank: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[Bank::VAULT_SEED, bank.as_ref()])
}

/// The market at a place on the board.
pub fn market(exchange: &Pubkey, index: u8) -> Derived {
    Derived::new(plimsoll::ID, &[Market::SEED, exchange.as_ref(), &[index]])
}

/// Resting bids of a market.
pub fn bids(market: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[BIDS_SEED, market.as_ref()])
}

/// Resting asks of a market.
pub fn asks(market: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[ASKS_SEED, market.as_ref()])
}

/// Fills of a market that wait for their makers.
pub fn queue(market: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[QUEUE_SEED, market.as_ref()])
}

/// One of an owner's margin accounts.
pub fn margin_account(exchange: &Pubkey, owner: &Pubkey, number: u32) -> Derived {
    let number = number.to_le_bytes();
    Derived::new(plimsoll::ID, &[MarginAccount::SEED, exchange.as_ref(), owner.as_ref(), &number])
}

/// The exchange's insurance fund.
pub fn insurance(exchange: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[InsuranceFund::SEED, exchange.as_ref()])
}

/// An owner's stake in the insurance fund.
pub fn stake(exchange: &Pubkey, owner: &Pubkey) -> Derived {
    Derived::new(plimsoll::ID, &[InsuranceStake::SEED, exchange.as_ref(), owner.as_ref()])
}

/// A queued change.
pub fn pending_change(exchange: &Pubkey, number: u64) -> Derived {
    Derived::new(plimsoll::ID, &[PendingChange::SEED, exchange.as_ref(), &number.to_le_bytes()])
}

/// The program's data account, which names its upgrade authority.
pub fn program_data() -> Derived {
    Derived::new(bpf_loader_upgradeable::ID, &[plimsoll::ID.as_ref()])
}

/// An owner's usual token account of a mint.
pub fn token_account(owner: &Pubkey, mint: &Pubkey, token_program: &Pubkey) -> Derived {
    Derived::new(ASSOCIATED_TOKEN, &[owner.as_ref(), token_program.as_ref(), mint.as_ref()])
}

/// An exchange's own addresses.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeAddresses {
    pub exchange: Pubkey,
    pub board: Pubkey,
    /// The insurance fund.
    pub insurance: Pubkey,
}

impl ExchangeAddresses {
    /// Those of the program's exchange.
    pub fn derive() -> Self {
        let exchange = exchange().address();
        Self { exchange, board: board(&exchange).address(), insurance: insurance(&exchange).address() }
    }
}

/// Everything that an instruction needs to name of a bank.
#[derive(Clone, Copy, Debug)]
pub struct BankAddresses {
    pub exchange: Pubkey,
    pub board: Pubkey,
    pub bank: Pubkey,
    pub vault: Pubkey,
    pub mint: Pubkey,
    pub token_program: Pubkey,
}

impl BankAddresses {
    /// Those of the bank of a mint, by derivation: no network needed.
    pub fn derive(of: &ExchangeAddresses, mint: Pubkey, token_program: Pubkey) -> Self {
        let bank = bank(&of.exchange, &mint).address();
        let vault = vault(&bank).address();
        Self { exchange: of.exchange, board: of.board, bank, vault, mint, token_program }
    }

    /// Those that a bank's account itself names.
    pub fn read(address: Pubkey, bank: &Bank) -> Self {
        Self {
            exchange: bank.exchange.0.into(),
            board: bank.board.0.into(),
            bank: address,
            vault: bank.vault.0.into(),
            mint: bank.mint.0.into(),
            token_program: bank.token_program.0.into(),
        }
    }
}

/// Everything that an instruction needs to name of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketAddresses {
    pub exchange: Pubkey,
    pub board: Pubkey,
    pub market: Pubkey,
    pub bids: Pubkey,
    pub asks: Pubkey,
    pub queue: Pubkey,
    /// Its place on the board.
    pub index: u8,
}

impl MarketAddresses {
    /// Those of the market at a place on the board, by derivation: no network needed.
    pub fn derive(of: &ExchangeAddresses, index: u8) -> Self {
        let market = market(&of.exchange, index).address();
        Self {
            exchange: of.exchange,
            board: of.board,
            market,
            bids: bids(&market).address(),
            asks: asks(&market).address(),
            queue: queue(&market).address(),
            index,
        }
    }

    /// Those that a market's account itself names.
    pub fn read(address: Pubkey, market: &Market) -> Self {
        Self {
            exchange: market.exchange.0.into(),
            board: market.board.0.into(),
            market: address,
            bids: market.bids.0.into(),
            asks: market.asks.0.into(),
            queue: market.queue.0.into(),
            index: market.index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_bump_yields_the_address_that_a_search_finds() {
        let exchange = ExchangeAddresses::derive().exchange;
        let owner = Pubkey::new_from_array([7; 32]);
        for derived in [board(&exchange), margin_account(&exchange, &owner, 3), program_data()] {
            let (address, bump) = derived.find();
            assert_eq!(derived.create(bump), Ok(address));
        }
    }

    #[test]
    fn every_number_is_another_account() {
        let (exchange, owner) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        assert_ne!(
            margin_account(&exchange, &owner, 0).address(),
            margin_account(&exchange, &owner, 1).address()
        );
    }

    #[test]
    fn a_market_and_its_book_are_four_accounts_and_other_markets_have_others() {
        let of = ExchangeAddresses::derive();
        let (one, other) = (MarketAddresses::derive(&of, 0), MarketAddresses::derive(&of, 1));
        let mut all: Vec<Pubkey> =
            [one, other].iter().flat_map(|it| [it.market, it.bids, it.asks, it.queue]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
