//! `plimsoll stake`: shares of the insurance fund.

use super::{
    deed::Deed,
    measures,
    operator::{Operator, Own},
    oracles::{self, Beside},
};
use crate::{
    Refusal,
    amounts::{self, Wanted},
    figure::Figure,
};
use clap::{Args, Subcommand};
use plimsoll::state::{InsuranceFund, InsuranceStake};
use plimsoll_client::instructions::insurance::Stake as At;
use plimsoll_risk::{
    insurance::REDEMPTION_SECONDS,
    num::{Shares, TokenAmount, wide},
};
use serde_json::json;

/// Stakes quote in the insurance fund, out of a margin account's deposit
///
/// Stakers share what the fund earns and bear what it pays. To leave, let the stake cool, then redeem it within two days.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Stake {
    #[command(subcommand)]
    what: Option<What>,
    /// How much quote: `1,000`, `1,000 USDC`
    #[arg(required = true, num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lets so much of the stake cool, what cools already included: its time begins anew
    Cool(Part),
    /// Redeems what has cooled, into the margin account's deposit
    Redeem(Part),
    /// Shows the stake
    Show(Alone),
    /// Closes an empty stake; its rent returns
    Close(Alone),
}

#[derive(Args, Debug)]
struct Part {
    /// How much quote of it, or `all`
    #[arg(default_value = "all", num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

#[derive(Args, Debug)]
struct Alone {
    #[command(flatten)]
    own: Own,
}

impl Stake {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match &self.what {
            None => Staker::open(&self.own)?.stakes(&self.amount.join(" "), &self.own),
            Some(What::Cool(it)) => Staker::open(&it.own)?.cools(&it.amount.join(" ")),
            Some(What::Redeem(it)) => Staker::open(&it.own)?.redeems(&it.amount.join(" "), &it.own),
            Some(What::Show(it)) => Staker::open(&it.own)?.shows(),
            Some(What::Close(it)) => Staker::open(&it.own)?.closes(),
        }
    }
}

/// A staker, the stake and the fund.
struct Staker {
    operator: Operator,
    at: At,
    /// Nothing before the first stake.
    stake: Option<InsuranceStake>,
    fund: InsuranceFund,
}

impl Staker {
    fn open(own: &Own) -> Result<Self, Refusal> {
        let operator = Operator::open(&own.sending)?;
        let exchange = operator.exchange();
        let at = At::derive(&exchange.of, operator.signer);
        let stake = operator.session().reader().stake(&operator.signer)?;
        let fund = exchange.insurance.as_deref().copied();
        let mut fund = fund.ok_or_else(|| Refusal::Failed("there is no insurance fund yet".into()))?;
        fund.fund.credit(exchange.now);
        Ok(Self { operator, at, stake, fund })
    }

    fn stakes(&self, text: &str, own: &Own) -> Result<(), Refusal> {
        let exchange = self.operator.exchange();
        let quote = exchange.quote();
        let Wanted::Native(amount) = amounts::tokens(text, &quote)? else {
            return Err(Refusal::Malformed(format!("{text:?}: expected an amount of {}", quote.symbol)));
        };
        let (address, account) = self.operator.own(own)?;
        let brought = oracles::brought(&self.operator, &[&account], Beside::Nothing);
        let open = self.stake.is_none().then(|| self.at.open());
        let stake = self.at.stake(address, exchange.quote_bank()?.at.bank, amount, &brought.accounts());
        let shown = Figure::tokens(amount, &quote);
        let deed = Deed::new(format!("stake {shown}"), open.into_iter().chain([stake]).collect());
        self.operator.does(&deed.about(address).detail("amount", shown))
    }

    fn cools(&self, text: &str) -> Result<(), Refusal> {
        let stake = self.own()?.stake;
        let all = Shares::new(stake.shares.get().saturating_add(stake.cooling.get()));
        let (shares, shown) = self.shares(text, all)?;
        let ready = self.operator.exchange().now.saturating_add(self.fund.fund.cooldown.into());
        let told = format!("let {shown} of the stake cool until {}", measures::moment(ready));
        let deed = Deed::new(told, vec![self.at.cool(shares.get())]);
        self.operator.does(&deed.detail("amount", shown).detail("ready_at", ready))
    }

    fn redeems(&self, text: &str, own: &Own) -> Result<(), Refusal> {
        let (shares, shown) = self.shares(text, self.own()?.stake.cooling)?;
        let (address, _) = self.operator.own(own)?;
        let quote_bank = self.operator.exchange().quote_bank()?.at.bank;
        let redeem = self.at.redeem(address, quote_bank, shares.get());
        let deed = Deed::new(format!("redeem {shown} of the stake"), vec![redeem]).about(address);
        self.operator.does(&deed.detail("amount", shown))
    }

    fn closes(&self) -> Result<(), Refusal> {
        self.own()?;
        self.operator.does(&Deed::new("close the stake", vec![self.at.close()]))
    }

    fn shows(&self) -> Result<(), Refusal> {
        let stake = self.own()?.stake;
        let quote = self.operator.exchange().quote();
        let worth = |shares| self.worth(shares).map(|worth| Figure::tokens(worth.get(), &quote));
        let (shares, cooling) = (worth(stake.shares)?, worth(stake.cooling)?);
        let (ready, over) = (stake.ready_at, stake.ready_at.saturating_add(REDEMPTION_SECONDS));
        let mut lines = vec![format!("staked: {shares}"), format!("cooling: {cooling}")];
        if !stake.cooling.is_zero() {
            let (from, until) = (measures::moment(ready), measures::moment(over));
            lines.push(format!("redeemable: from {from} until {until}"));
        }
        let answer = json!({
            "stake": self.at.address.to_string(), "staked": shares, "cooling": cooling,
            "ready_at": ready, "ready_until": over, "shares": stake.shares.get().to_string(),
            "cooling_shares": stake.cooling.get().to_string(),
        });
        self.operator.session().says(lines.join("\n"), answer)
    }

    /// The stake, which has to be there. Shares of a generation that lost everything are none.
    fn own(&self) -> Result<InsuranceStake, Refusal> {
        let mut own = self.stake.ok_or_else(|| Refusal::Refused("there is no stake".into()))?;
        if own.stake.generation != self.fund.fund.generation {
            (own.stake.shares, own.stake.cooling) = (Shares::ZERO, Shares::ZERO);
        }
        Ok(own)
    }

    fn worth(&self, shares: Shares) -> Result<TokenAmount, Refusal> {
        self.fund.fund.worth(shares).map_err(|_| Refusal::Failed("the stake's worth cannot be told".into()))
    }

    /// Shares that are worth an amount of quote, rounded up, of so many; and how they are told.
    fn shares(&self, text: &str, of: Shares) -> Result<(Shares, Figure), Refusal> {
        let quote = self.operator.exchange().quote();
        let whole = self.worth(of)?;
        let shares = match amounts::tokens(text, &quote)? {
            Wanted::All => of,
            wanted => {
                let amount = wanted.of(whole.get()).min(whole.get());
                Shares::new(wide::mul_div_up(of.get(), amount, whole.get()).unwrap_or(0)).min(of)
            }
        };
        Ok((shares, Figure::tokens(self.worth(shares)?.get(), &quote)))
    }
}
