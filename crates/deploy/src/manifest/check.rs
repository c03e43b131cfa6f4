//! From what a manifest says to what it means.

use super::{
    Bank, Cluster, Feed, Holder, Manifest, Market, Roles, UpgradeAuthority,
    leaf::Checking,
    place::Source,
    raw::{self, Raw},
};
use crate::{
    Fault, local,
    value::{self, Denomination, LotSize, Units},
};
use anchor_spl::{token, token_2022};
use plimsoll::governance::Scope;
use plimsoll_risk::layout::board::{MAX_BANKS, MAX_FEEDS, MAX_MARKETS};
use solana_pubkey::Pubkey;
use toml::Spanned;

/// Most decimals of the quote token, as the program has it.
const MOST_QUOTE_DECIMALS: u8 = 6;
const MOST_DECIMALS: u8 = 18;
/// A side of a book is at most ten steps of 10 KiB.
const MOST_GROWTHS: u8 = 9;
/// # Errors
/// The first thing that cannot be, with its line.
pub fn manifest(source: &Source, raw: Raw) -> Result<Manifest, Fault> {
    let cluster = Cluster::named(raw.cluster.get_ref())
        .ok_or_else(|| source.fault("cluster", &raw.cluster, "expected localnet, devnet or mainnet"))?;
    let quote = raw.banks.first().map(|bank| bank.get_ref());
    let quote = quote.ok_or_else(|| {
        source.at(&raw.cluster.span(), "banks", "there is none: the first is the quote token")
    })?;
    let quote = Denomination { symbol: quote.name.get_ref().clone(), decimals: *quote.decimals.get_ref() };
    let checking = Checking { source, cluster, quote };
    checking.require_decimals(&raw.banks[0].get_ref().decimals, MOST_QUOTE_DECIMALS)?;
    let roles = checking.roles(&raw.exchange)?;
    let upgrade = checking.upgrade(raw.program.as_ref(), &roles, &raw.cluster)?;
    let mut settings = Vec::new();
    for (group, parameters) in &raw.parameters {
        let units = Units { quote: checking.quote.clone(), ..Units::default() };
        settings.extend(checking.settings(group, &[Scope::Exchange, Scope::Board], parameters, &units)?);
    }
    checking.require_few("feeds", &raw.feeds, MAX_FEEDS)?;
    checking.require_few("banks", &raw.banks, MAX_BANKS)?;
    checking.require_few("markets", &raw.markets, MAX_MARKETS)?;
    let feeds = raw.feeds.iter().map(|feed| checking.feed(feed.get_ref())).collect::<Result<Vec<_>, _>>()?;
    let bank = |(place, bank): (usize, &Spanned<raw::Bank>)| checking.bank(place, bank, &feeds);
    let banks = raw.banks.iter().enumerate().map(bank).collect::<Result<Vec<_>, _>>()?;
    let market = |market: &Spanned<raw::Market>| checking.market(market.get_ref(), &feeds);
    let markets = raw.markets.iter().map(market).collect::<Result<Vec<_>, _>>()?;
    checking.require_distinct("feeds.name", raw.feeds.iter().map(|it| &it.get_ref().name))?;
    checking.require_distinct("feeds.pyth", raw.feeds.iter().map(|it| &it.get_ref().pyth))?;
    checking.require_distinct("banks.name", raw.banks.iter().map(|it| &it.get_ref().name))?;
    checking.require_distinct("banks.mint", raw.banks.iter().map(|it| &it.get_ref().mint))?;
    checking.require_distinct("markets.name", raw.markets.iter().map(|it| &it.get_ref().name))?;
    Ok(Manifest { cluster, roles, upgrade, settings, feeds, banks, markets })
}

impl Checking<'_> {
    fn roles(&self, raw: &raw::Exchange) -> Result<Roles, Fault> {
        let units = Units::default();
        let delay = |field: &str, value| {
            self.number(&format!("exchange.{field}"), &format!("exchange.{field}"), value, &units)
        };
        let roles = Roles {
            admin: self.holder("exchange.admin", &raw.admin)?,
            risk_council: self.holder("exchange.risk_council", &raw.risk_council)?,
            guardian: self.holder("exchange.guardian", &raw.guardian)?,
            fee_collector: self.holder("exchange.fee_collector", &raw.fee_collector)?,
            timelock_seconds: delay("timelock_seconds", &raw.timelock_seconds)?,
            ramp_seconds: delay("ramp_seconds", &raw.ramp_seconds)?,
            open: raw.open,
        };
        if roles.guardian == roles.admin
            || roles.guardian == roles.risk_council
            || roles.guardian == Holder::Deployer
        {
            let what = "must be neither the admin, nor the risk council, nor the deployer: it watches them";
            return Err(self.source.fault("exchange.guardian", &raw.guardian, what));
        }
        Ok(roles)
    }

    /// The upgrade authority voids every other rule: where money is real it waits as long as they do.
    fn upgrade(
        &self,
        raw: Option<&raw::Program>,
        roles: &Roles,
        cluster: &Spanned<String>,
    ) -> Result<Option<UpgradeAuthority>, Fault> {
        const FIELD: &str = "program.upgrade_authority";
        let Some(raw) = raw else {
            if self.cluster == Cluster::Mainnet {
                let what = "mainnet needs a timelocked multisig or \"final\" ([program] upgrade_authority)";
                return Err(self.source.fault("program", cluster, what));
            }
            return Ok(None);
        };
        if raw.upgrade_authority.get_ref() == "final" {
            return Ok(Some(UpgradeAuthority::Final));
        }
        let key = self.address(FIELD, &raw.upgrade_authority)?;
        if key.is_on_curve() {
            let what = format!(
                "{key} is one person's key, expected the address of a timelocked multisig or \"final\""
            );
            return Err(self.source.fault(FIELD, &raw.upgrade_authority, what));
        }
        let what = "missing, expected how long the multisig waits";
        let delay = raw.timelock_seconds.as_ref();
        let delay = delay
            .ok_or_else(|| self.source.fault("program.timelock_seconds", &raw.upgrade_authority, what))?;
        let waits =
            self.number("program.timelock_seconds", "exchange.timelock_seconds", delay, &Units::default())?;
        if waits < roles.timelock_seconds {
            let what =
                format!("{waits} s is shorter than exchange.timelock_seconds, {} s", roles.timelock_seconds);
            return Err(self.source.fault("program.timelock_seconds", delay, what));
        }
        Ok(Some(UpgradeAuthority::TimelockedMultisig(key)))
    }

    fn feed(&self, raw: &raw::Feed) -> Result<Feed, Fault> {
        let pyth = self.filled("feeds.pyth", &raw.pyth)?;
        let pyth = value::hex(pyth).filter(|id| *id != [0; 32]).ok_or_else(|| {
            self.source.fault(
                "feeds.pyth",
                &raw.pyth,
                format!("{pyth:?}, expected 64 hexadecimal digits, not all zero"),
            )
        })?;
        let switchboard = match &raw.switchboard {
            None => Pubkey::default(),
            Some(none) if none.get_ref() == "none" => Pubkey::default(),
            Some(address) => self.address("feeds.switchboard", address)?,
        };
        let units = Units { quote: self.quote.clone(), ..Units::default() };
        let settings = self.settings("feed", &[Scope::Feed], &raw.parameters, &units)?;
        Ok(Feed { name: raw.name.get_ref().clone(), pyth, switchboard, settings })
    }

    fn bank(&self, place: usize, spanned: &Spanned<raw::Bank>, feeds: &[Feed]) -> Result<Bank, Fault> {
        let raw = spanned.get_ref();
        let decimals = self.require_decimals(&raw.decimals, MOST_DECIMALS)?;
        let feed = match (&raw.feed, place) {
            (None, 0) => None,
            (Some(feed), 0) => {
                return Err(self.source.fault(
                    "banks.feed",
                    feed,
                    "the quote token, the first bank, has no feed",
                ));
            }
            (None, _) => {
                return Err(self.source.fault(
                    "banks.feed",
                    &raw.name,
                    "missing: only the quote token, the first bank, has none",
                ));
            }
            (Some(feed), _) => Some(self.feed_named("banks.feed", feed, feeds)?),
        };
        let token_program = match raw.token_program.as_ref().map(|it| (it, it.get_ref().as_str())) {
            None | Some((_, "token")) => token::ID,
            Some((_, "token-2022")) => token_2022::ID,
            Some((it, _)) => {
                return Err(self.source.fault("banks.token_program", it, "expected token or token-2022"));
            }
        };
        let name = raw.name.get_ref().clone();
        let units = Units {
            quote: self.quote.clone(),
            token: Some(Denomination { symbol: name.clone(), decimals }),
            lots: None,
        };
        Ok(Bank {
            mint: self.address("banks.mint", &raw.mint)?,
            local: raw.mint.get_ref().strip_prefix(local::PREFIX).map(str::to_owned),
            settings: self.settings("bank", &[Scope::Bank, Scope::BankTerms], &raw.parameters, &units)?,
            name,
            token_program,
            decimals,
            feed,
        })
    }

    fn require_decimals(&self, decimals: &Spanned<u8>, most: u8) -> Result<u8, Fault> {
        let found = *decimals.get_ref();
        if found > most {
            return Err(self.source.fault(
                "banks.decimals",
                decimals,
                format!("{found} is more than {most}"),
            ));
        }
        Ok(found)
    }

    fn market(&self, raw: &raw::Market, feeds: &[Feed]) -> Result<Market, Fault> {
        let feed = self.feed_named("markets.feed", &raw.feed, feeds)?;
        let lots_per_unit = *raw.lots_per_unit.get_ref();
        let growths = raw.growths.as_ref().map_or(0, |growths| *growths.get_ref());
        for (field, is_zero, span) in [
            ("markets.lots_per_unit", lots_per_unit == 0, raw.lots_per_unit.span()),
            ("markets.tick_lot", *raw.tick_lot.get_ref() == 0, raw.tick_lot.span()),
        ] {
            if is_zero {
                return Err(self.source.at(&span, field, "0 is less than 1"));
            }
        }
        let minimum = u64::from(*raw.minimum_lots.get_ref());
        self.within(
            "markets.minimum_lots",
            "market.minimum_lots",
            minimum,
            &raw.minimum_lots.span(),
            &Units::default(),
        )?;
        if let Some(growths) = raw.growths.as_ref().filter(|growths| *growths.get_ref() > MOST_GROWTHS) {
            let what = format!("{} is more than {MOST_GROWTHS}", growths.get_ref());
            return Err(self.source.fault("markets.growths", growths, what));
        }
        let symbol = feeds[usize::from(feed)].name.clone();
        let lots = Some(LotSize { symbol, lots_per_unit });
        let units = Units { quote: self.quote.clone(), token: None, lots };
        Ok(Market {
            name: raw.name.get_ref().clone(),
            feed,
            lots_per_unit,
            tick_lot: *raw.tick_lot.get_ref(),
            minimum_lots: *raw.minimum_lots.get_ref(),
            growths,
            settings: self.settings("market", &[Scope::Market], &raw.parameters, &units)?,
        })
    }
}
