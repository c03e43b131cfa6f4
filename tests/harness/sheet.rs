//! The balance sheet of a whole exchange: what everybody has, and what every market, bank and the fund has, line by line.
//! A story that says how the sheet changed has looked at every balance.

use crate::{World, perps::Perp};
use plimsoll::state::MarginAccount;
use std::collections::BTreeMap;

/// Every balance of an exchange at one moment, by its name: `alice USDC`, `alice BTC-PERP quote`, `BTC-PERP pool`, `fund`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    people: Vec<String>,
    lines: BTreeMap<String, i128>,
}

impl World {
    /// The sheet of these people, and of all markets, banks and the fund.
    ///
    /// # Panics
    /// Where one of them has no margin account.
    pub fn sheet(&self, people: &[&str]) -> Sheet {
        let mut lines = BTreeMap::new();
        for name in people {
            self.lines_of(name, &mut lines);
        }
        for perp in self.perps() {
            self.lines_of_market(perp, &mut lines);
        }
        for token in self.tokens() {
            let bank = self.bank(*token);
            let mut line =
                |what: &str, amount: u64| lines.insert(format!("{} {what}", token.name), amount.into());
            line("vault", bank.vault_balance.get());
            line("deposits", bank.deposits().expect("deposits").get());
            line("borrows", bank.borrows().expect("borrows").get());
            line("reserves", bank.reserves);
            line("collected", bank.fees.get());
        }
        lines.insert("fund".to_owned(), self.fund_covers().into());
        Sheet { people: people.iter().map(|name| (*name).to_owned()).collect(), lines }
    }

    fn lines_of(&self, name: &str, lines: &mut BTreeMap<String, i128>) {
        for token in self.tokens() {
            lines.insert(format!("{name} {}", token.name), self.balance(name, *token));
        }
        let account: MarginAccount = self.account(name);
        for perp in self.perps() {
            let place = account.place_of(self.market_of(perp).index);
            let Some(position) = place.map(|place| account.positions[place]) else { continue };
            let mut line =
                |what: &str, amount: i128| lines.insert(format!("{name} {} {what}", perp.name), amount);
            line("lots", position.lots.get().into());
            line("quote", position.quote.get().into());
            line("realised", position.realised.get().into());
            line("pocket", position.pocket.get().into());
            line("bids", position.bids.into());
            line("asks", position.asks.into());
        }
    }

    fn lines_of_market(&self, perp: Perp, lines: &mut BTreeMap<String, i128>) {
        let market = self.market(perp);
        let mut line = |what: &str, amount: i128| lines.insert(format!("{} {what}", perp.name), amount);
        line("pool", market.pool.get().into());
        line("deficit", market.deficit.get().into());
        line("tranche", market.insurance.get().into());
        line("fees", market.fees_receivable.get().into());
        line("insurance fees", market.insurance_receivable.get().into());
        line("longs", market.long_lots.into());
        line("shorts", market.short_lots.into());
    }
}

impl Sheet {
    /// A line's amount; 0 for one that is not there.
    pub fn line(&self, name: &str) -> i128 {
        self.lines.get(name).copied().unwrap_or(0)
    }

    /// Every line that is another since, and by how much.
    pub fn changes(&self, world: &World) -> BTreeMap<String, i128> {
        let people: Vec<&str> = self.people.iter().map(String::as_str).collect();
        let now = world.sheet(&people);
        let names = self.lines.keys().chain(now.lines.keys());
        let changes = names.map(|name| (name.clone(), now.line(name) - self.line(name)));
        changes.filter(|(_, change)| *change != 0).collect()
    }

    /// These lines changed by so much since, and no other did.
    ///
    /// # Panics
    /// Where a change is missing, is another, or is not named; and for a name twice.
    #[track_caller]
    pub fn changed(&self, world: &World, expected: &[(&str, i128)]) {
        let lines = expected.iter().filter(|(_, change)| *change != 0);
        let lines: Vec<(String, i128)> = lines.map(|(name, change)| ((*name).to_owned(), *change)).collect();
        let (count, expected) = (lines.len(), lines.into_iter().collect::<BTreeMap<_, _>>());
        assert_eq!(expected.len(), count, "a line is named twice");
        let found = self.changes(world);
        let odd: Vec<String> = expected
            .keys()
            .chain(found.keys().filter(|name| !expected.contains_key(*name)))
            .filter(|name| expected.get(*name) != found.get(*name))
            .map(|name| format!("{name}: {:?}, not {:?}", found.get(name), expected.get(name)))
            .collect();
        assert!(odd.is_empty(), "the sheet changed otherwise:\n{}", odd.join("\n"));
    }
}
