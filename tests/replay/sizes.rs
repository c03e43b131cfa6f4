//! How much somebody can take on, by the board as it is now.

use crate::venue::Venue;
use plimsoll_risk::{health::Overlay, num::Quote};
use plimsoll_sim::sizes;
use solana_pubkey::Pubkey;

impl Venue {
    /// Most lots that an account, or a pocket of so much native quote, could hold if it held nothing else.
    pub fn most_lots(&self, account: &Pubkey, market: u8, pocket: Option<u64>) -> u32 {
        let tick_lot = self.markets[usize::from(market)].perp.tick_lot;
        let of_a_lot = u64::from(self.index_ticks(market)) * u64::from(tick_lot);
        let overlay = Overlay::none();
        sizes::most_lots(self.account(account), &self.view(&overlay), market, of_a_lot, pocket)
    }

    /// Most native units that an account without a balance in a bank could borrow there.
    pub fn most_borrowed(&self, account: &Pubkey, bank: u8) -> u64 {
        sizes::most_borrowed(self.account(account), &self.view(&Overlay::none()), bank)
    }

    /// Health of a liquidator's cross part as liquidations check it, native quote; 0 where it is not known or below.
    pub fn spare_margin(&self, account: &Pubkey) -> u64 {
        sizes::spare_margin(self.account(account), &self.view(&Overlay::none()))
    }

    /// Native units of a bank's token that are worth so much native quote at the feed's price, rounded down.
    pub fn units(&self, bank: u8, worth: u64) -> u64 {
        let worth = Quote::from_unsigned(worth).expect("an amount of money");
        sizes::units(&self.view(&Overlay::none()), bank, worth).expect("a price")
    }
}
