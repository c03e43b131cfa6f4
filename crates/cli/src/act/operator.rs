//! Who acts, on which exchange, and how: what commands that send something have in common.

use super::{deed::Deed, effect::Effect, unsigned::Unsigned};
use crate::{
    Refusal,
    exchange::Exchange,
    session::{Connection, Session},
};
use clap::Args;
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    addresses::margin_account,
    rpc::{Outcome, Sender, Settings, Terms},
    transaction::{fees::Bid, nonce::Nonce},
};
use plimsoll_risk::layout::account::Position;
use serde_json::{Value, json};
use solana_keypair::Signer;
use solana_pubkey::Pubkey;

/// What every command that sends something takes.
#[derive(Args, Clone, Debug)]
pub struct Sending {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Tries the transaction and tells what would happen; sends nothing
    #[arg(long, conflicts_with = "print_transaction")]
    pub(crate) dry_run: bool,
    /// Writes the transaction, base64 and unsigned, for keys that sign elsewhere; sends nothing
    #[arg(long)]
    pub(crate) print_transaction: bool,
    /// Who pays and signs, where no keypair file has the key: a multisig, a hardware wallet
    #[arg(long = "as", value_name = "ADDRESS", requires = "print_transaction")]
    pub(crate) signer: Option<Pubkey>,
    /// A durable nonce account: the transaction stays valid until it is sent; the nonce's authority signs
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) nonce: Option<Pubkey>,
    /// An address lookup table in which accounts may be found; may be repeated
    #[arg(long = "table", value_name = "ADDRESS")]
    pub(crate) tables: Vec<Pubkey>,
    /// Most that is paid for priority, micro-lamports a compute unit
    #[arg(long, value_name = "PRICE", default_value_t = Bid::USUAL.most)]
    pub(crate) most_priority: u64,
}

/// What every command takes that acts on a margin account.
#[derive(Args, Clone, Debug)]
pub struct Own {
    /// Which of your margin accounts
    #[arg(long, value_name = "NUMBER", default_value_t = 0, conflicts_with = "account")]
    pub(crate) number: u32,
    /// A margin account by its address: one that lets you act for it
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) account: Option<Pubkey>,
    #[command(flatten)]
    pub(crate) sending: Sending,
}

/// An exchange, and somebody who acts on it.
pub struct Operator {
    /// Who pays and signs.
    pub signer: Pubkey,
    session: Session,
    exchange: Exchange,
    sending: Sending,
}

impl Operator {
    /// Connects, reads the exchange, and finds out who signs.
    ///
    /// # Errors
    /// As [`Session::open`], [`Session::exchange`] and, unless somebody else signs, [`Session::signer`].
    pub fn open(sending: &Sending) -> Result<Self, Refusal> {
        let session = Session::open(&sending.connection)?;
        let signer = match sending.signer {
            Some(signer) => signer,
            None => session.signer()?.pubkey(),
        };
        let exchange = session.exchange()?;
        Ok(Self { signer, session, exchange, sending: sending.clone() })
    }

    /// The exchange as it was when the command began.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The connection.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Whether nothing is to be sent.
    pub const fn only_looks(&self) -> bool {
        self.sending.dry_run || self.sending.print_transaction
    }

    /// The margin account that is meant.
    pub fn own_account(&self, own: &Own) -> Pubkey {
        let derived = || margin_account(&self.exchange.of.exchange, &self.signer, own.number).address();
        own.account.unwrap_or_else(derived)
    }

    /// A margin account as it is now; nothing where there is none.
    ///
    /// # Errors
    /// `Failed`: the network does not answer, or this is another kind of account.
    pub fn find(&self, address: &Pubkey) -> Result<Option<MarginAccount>, Refusal> {
        Ok(self.session.reader().find(*address)?)
    }

    /// A margin account as it is now, which has to be there.
    ///
    /// # Errors
    /// As [`Operator::find`]; `Failed` with what to do where there is none.
    pub fn account(&self, address: &Pubkey) -> Result<MarginAccount, Refusal> {
        let missing = || {
            let open = "open one with `plimsoll account open`, or deposit something";
            Refusal::Failed(format!("there is no margin account at {address}: {open}"))
        };
        self.find(address)?.ok_or_else(missing)
    }

    /// The margin account that is meant, with its address; it has to be there.
    ///
    /// # Errors
    /// As [`Operator::account`].
    pub fn own(&self, own: &Own) -> Result<(Pubkey, MarginAccount), Refusal> {
        let address = self.own_account(own);
        Ok((address, self.account(&address)?))
    }

    /// Does a deed: sends it, tries it or prints it, and tells.
    ///
    /// # Errors
    /// `Failed` in the program's own words; `Refused` where it makes no transaction; `Unwritten`.
    pub fn does(&self, deed: &Deed) -> Result<(), Refusal> {
        let nonce = self.sending.nonce.map(|address| self.nonce(address)).transpose()?;
        if self.sending.print_transaction {
            return self.prints(deed, nonce);
        }
        let before = self.there(deed)?;
        let told = self.sends(deed, nonce)?;
        // What would be some networks do not say; and what was done is told although nobody says what came of it.
        let after = match self.sending.dry_run {
            true => self.unsigned(deed, nonce)?.account_after(self.session.client(), deed.account).map(Some),
            false => self.there(deed).ok(),
        };
        let after = after.filter(|_| deed.account.is_some());
        let effect = after.map(|after| Effect::new(self, before, after));
        self.tells(deed, &told, effect.as_ref())
    }

    /// The account that a deed is about, as it is now.
    fn there(&self, deed: &Deed) -> Result<Option<MarginAccount>, Refusal> {
        Ok(deed.account.map(|address| self.find(&address)).transpose()?.flatten())
    }

    /// Sends it, or has it tried; what became of it, for scripts.
    fn sends(&self, deed: &Deed, nonce: Option<Nonce>) -> Result<Value, Refusal> {
        let client = self.session.client();
        let settings = Settings {
            commitment: client.commitment(),
            bid: Bid { most: self.sending.most_priority, ..Bid::USUAL },
            tables: self.sending.tables.clone(),
            is_dry_run: self.sending.dry_run,
            ..Settings::new(client.url())
        };
        let sender = Sender::new(settings, self.session.signer()?.insecure_clone());
        let terms = Terms { nonce, ..Terms::default() };
        match sender.send_with(&deed.instructions, &[], terms) {
            Outcome::Done(signature) => Ok(json!({ "done": deed.told, "signature": signature.to_string() })),
            Outcome::Rehearsed(units) => Ok(json!({ "would": deed.told, "compute_units": units })),
            Outcome::Refused(refused) => Err(Refusal::Failed(refused.to_string())),
            Outcome::Failed(why) => Err(Refusal::Failed(why)),
        }
    }

    fn tells(&self, deed: &Deed, told: &Value, effect: Option<&Effect>) -> Result<(), Refusal> {
        let mut answer = told.as_object().cloned().unwrap_or_default();
        let line = |(name, value): (&String, &Value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{}: {other}", name.replace('_', " ")),
        };
        let mut lines: Vec<String> = answer.iter().filter(|(_, it)| !it.is_null()).map(line).collect();
        answer.extend(deed.details.clone());
        if let Some(effect) = effect {
            lines.extend(effect.lines(&self.exchange));
            answer.extend(effect.json(&self.exchange).as_object().cloned().unwrap_or_default());
        }
        self.session.says(lines.join("\n"), answer)
    }

    fn prints(&self, deed: &Deed, nonce: Option<Nonce>) -> Result<(), Refusal> {
        let unsigned = self.unsigned(deed, nonce)?;
        let (text, signers) = (unsigned.base64(), unsigned.signers());
        let answer = json!({ "would": deed.told, "transaction": text, "signers": signers });
        self.session.says(text, answer)
    }

    fn unsigned(&self, deed: &Deed, nonce: Option<Nonce>) -> Result<Unsigned, Refusal> {
        let draft = deed.draft(self.signer).tables(self.session.reader().tables(&self.sending.tables)?);
        match nonce {
            Some(nonce) => Unsigned::of(draft.durable(nonce), nonce.hash),
            None => {
                let hash = self.session.client().get_latest_blockhash();
                Unsigned::of(draft, hash.map_err(|error| Refusal::Failed(format!("the network: {error}")))?)
            }
        }
    }

    fn nonce(&self, address: Pubkey) -> Result<Nonce, Refusal> {
        let nonce = self.session.reader().nonce(address)?;
        nonce.ok_or_else(|| Refusal::Failed(format!("{address} holds no nonce")))
    }
}

/// The position of an account in a market, if there is one.
pub fn held(account: &MarginAccount, market: u8) -> Option<&Position> {
    account.place_of(market).and_then(|place| account.positions.get(place))
}
