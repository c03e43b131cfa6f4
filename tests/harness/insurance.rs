//! The insurance fund: who stakes in it, what it has.

use crate::{Receipt, World, keys, perps::Perp, trader::Trader};
use plimsoll::state::{Bank, InsuranceFund, InsuranceStake, Market};
use plimsoll_client::{addresses::stake, decode, instructions::insurance::Stake};
use plimsoll_risk::num::TokenAmount;

/// Whoever stakes when a story only needs a fund with something in it.
pub const INSURER: &str = "insurer";

impl Trader<'_> {
    /// The accounts of his stake.
    pub fn stake_accounts(&self) -> Stake {
        Stake::derive(&self.world.exchange, self.key)
    }

    /// Opens his stake, empty.
    pub fn opens_stake(&mut self) -> Receipt {
        let instruction = self.stake_accounts().open();
        self.sends(&[instruction])
    }

    /// Stakes native quote out of his deposit.
    pub fn stakes(&mut self, amount: u64) -> Receipt {
        let (account, bank) = (self.acts_on(), self.world.quote_bank());
        let instruction = self.stake_accounts().stake(account, bank, amount, &self.oracles);
        self.sends(&[instruction])
    }

    /// Lets so many of his shares cool.
    pub fn cools(&mut self, shares: u64) -> Receipt {
        let instruction = self.stake_accounts().cool(shares);
        self.sends(&[instruction])
    }

    /// Redeems shares that have cooled, to his deposit.
    pub fn redeems(&mut self, shares: u64) -> Receipt {
        let (account, bank) = (self.acts_on(), self.world.quote_bank());
        let instruction = self.stake_accounts().redeem(account, bank, shares);
        self.sends(&[instruction])
    }

    /// Closes his stake, which is empty.
    pub fn closes_stake(&mut self) -> Receipt {
        let instruction = self.stake_accounts().close();
        self.sends(&[instruction])
    }
}

impl World {
    /// The insurance fund, as it stands.
    pub fn insurance(&self) -> InsuranceFund {
        decode::read(self.chain.data(&self.exchange.insurance)).expect("an insurance fund")
    }

    /// Somebody's stake, as it stands.
    pub fn stake(&self, name: &str) -> InsuranceStake {
        let address = stake(&self.exchange.exchange, &keys::address(name)).address();
        decode::read(self.chain.data(&address)).expect("a stake")
    }

    /// What the shared fund has, native quote.
    pub fn fund_covers(&self) -> u64 {
        self.insurance().fund.cover().get()
    }

    /// What a market's own part of the insurance has, native quote.
    pub fn tranche_of(&self, perp: Perp) -> u64 {
        self.market(perp).insurance.get()
    }

    /// All insurance there is, native quote.
    pub fn insurance_covers(&self) -> u64 {
        self.fund_covers() + self.perps().map(|perp| self.tranche_of(perp)).sum::<u64>()
    }

    /// An insurer deposits so much, native quote, and stakes it.
    pub fn insures(&mut self, amount: u64) -> Receipt {
        let quote = self.tokens[0];
        let mut insurer = self.trader(INSURER);
        let address = insurer.stake_accounts().address;
        if insurer.world.chain.account(&address).is_none() {
            insurer.opens_stake();
        }
        insurer.deposits(quote, amount);
        insurer.stakes(amount)
    }

    /// Part of a market's pool is lost, as a bankruptcy would lose it: written behind the program's back, the cash becomes the
    /// market's own insurance, and a deficit opens that the fund counts.
    pub fn opens_deficit(&mut self, perp: Perp, amount: u64) {
        let (market, bank) = (self.market_of(perp).market, self.quote_bank());
        let mut opened = 0;
        self.chain.tamper(&market, |account| {
            let market: &mut Market = bytemuck::from_bytes_mut(body::<Market>(&mut account.data));
            opened = u32::from(market.deficit.get() == 0);
            market.pool = less(market.pool, amount);
            market.deficit = more(market.deficit, amount);
            market.insurance = more(market.insurance, amount);
        });
        self.chain.tamper(&bank, |account| {
            let bank: &mut Bank = bytemuck::from_bytes_mut(body::<Bank>(&mut account.data));
            bank.pools = less(bank.pools, amount);
            bank.insurance = more(bank.insurance, amount);
        });
        let fund = self.exchange.insurance;
        self.chain.tamper(&fund, |account| {
            let fund: &mut InsuranceFund = bytemuck::from_bytes_mut(body::<InsuranceFund>(&mut account.data));
            fund.open_deficits += opened;
        });
        self.history.insured += i128::from(amount);
    }

    /// A market's own part of the insurance has so much more, native quote: written behind the program's back, cash in the
    /// vault included, as if fees had brought it. No instruction gives to it directly.
    pub fn endows_tranche(&mut self, perp: Perp, amount: u64) {
        let (market, quote) = (self.market_of(perp).market, self.tokens[0]);
        let bank = self.bank_of(quote);
        self.chain.tamper(&market, |account| {
            let market: &mut Market = bytemuck::from_bytes_mut(body::<Market>(&mut account.data));
            market.insurance = more(market.insurance, amount);
        });
        self.chain.tamper(&bank.bank, |account| {
            let bank: &mut Bank = bytemuck::from_bytes_mut(body::<Bank>(&mut account.data));
            bank.insurance = more(bank.insurance, amount);
            bank.vault_balance = more(bank.vault_balance, amount);
        });
        self.history.insured += i128::from(amount);
        self.donates(quote, amount);
    }
}

/// An account behind its mark.
fn body<T>(data: &mut [u8]) -> &mut [u8] {
    &mut data[8..8 + size_of::<T>()]
}

fn less(amount: TokenAmount, by: u64) -> TokenAmount {
    TokenAmount::new(amount.get() - by)
}

fn more(amount: TokenAmount, by: u64) -> TokenAmount {
    TokenAmount::new(amount.get() + by)
}
