//! Doing what a plan says: one transaction, then a look at what became of it, then a new plan.

use crate::{
    Chain, Fault, Manifest, Plan, State, Step, local,
    plan::{Book, Item},
};
use anchor_spl::token::spl_token;
use plimsoll::instructions::setup::{MarketArgs, Roles};
use plimsoll_client::{
    addresses::{BankAddresses, MarketAddresses},
    instructions::{governance, setup},
};
use plimsoll_risk::layout::bank::NO_FEED;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signer};
use solana_loader_v3_interface::instruction::set_upgrade_authority;
use solana_system_interface::instruction::create_account;
use std::{thread, time::Duration};

/// Servers behind one address lag behind each other: a step is looked for a few times before it had no effect.
const LOOKS: u32 = 8;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Bytes of a mint without extensions.
const MINT_SPACE: usize = 82;
/// Whose key mints the tokens of local networks, after `local:`.
pub const FAUCET: &str = "faucet";

/// Does all that can be done now and returns the plan of what is left: what waits for its time or for others.
///
/// `tell` hears of every step before it is sent. After each transaction the chain is read and compared again, so an
/// interrupted deployment carries on wherever it stopped.
///
/// # Errors
/// The signer cannot take a step; the network or the program refuses one; a step had no effect.
pub fn apply(
    manifest: &Manifest,
    chain: &dyn Chain,
    signer: &Keypair,
    tell: &mut dyn FnMut(&Step),
) -> Result<Plan, Fault> {
    let look = || -> Result<(State, Plan), Fault> {
        let state = State::read(chain, manifest)?;
        let plan = Plan::of(manifest, &state, Some(signer.pubkey()))?;
        Ok((state, plan))
    };
    let (mut state, mut plan) = look()?;
    while !plan.is_done() {
        if let Some(blocked) = &plan.blocked {
            return Err(Fault::Refused(blocked.clone()));
        }
        let batch = plan.batch();
        batch.iter().for_each(&mut *tell);
        send(manifest, &state, chain, signer, batch)?;
        let done: Vec<String> = batch.iter().map(Step::headline).collect();
        let mut looks = 1;
        loop {
            (state, plan) = look()?;
            match plan.steps.iter().map(Step::headline).find(|it| done.contains(it)) {
                None => break,
                Some(_) if looks < LOOKS => thread::sleep(BETWEEN_LOOKS),
                Some(step) => return Err(Fault::Chain(format!("{step}: it was sent and had no effect"))),
            }
            looks += 1;
        }
    }
    Ok(plan)
}

/// One transaction.
fn send(
    manifest: &Manifest,
    state: &State,
    chain: &dyn Chain,
    signer: &Keypair,
    batch: &[Step],
) -> Result<(), Fault> {
    let mut work = Work { manifest, state, chain, signer: signer.pubkey(), queued: 0 };
    let mut instructions = Vec::new();
    let mut mints = Vec::new();
    for step in batch {
        instructions.extend(work.instructions(step)?);
        if let Step::CreateMint(bank) = step {
            mints.extend(manifest.banks[bank.place].local.as_deref().map(local::keypair));
        }
    }
    let signers: Vec<&Keypair> = std::iter::once(signer).chain(&mints).collect();
    let headline = batch.first().map(Step::headline).unwrap_or_default();
    let named = |fault| match fault {
        Fault::Chain(what) => Fault::Chain(format!("{headline}: {what}")),
        other => other,
    };
    chain.send(&instructions, &signers).map_err(named).map(|_| ())
}

/// What instructions are made of.
struct Work<'w> {
    manifest: &'w Manifest,
    state: &'w State,
    chain: &'w dyn Chain,
    signer: solana_pubkey::Pubkey,
    /// Changes of this transaction that are queued: each gets the next number.
    queued: u64,
}

impl Work<'_> {
    fn instructions(&mut self, step: &Step) -> Result<Vec<Instruction>, Fault> {
        let (of, signer) = (&self.state.of, self.signer);
        Ok(vec![match step {
            Step::CreateMint(bank) => return self.create_mint(bank.place),
            Step::GrowBoard(times) => return Ok(vec![setup::grow_board(of, signer); *times]),
            Step::GrowBook(market, book, times) => {
                let market = MarketAddresses::derive(of, index(market.place)?);
                let book = match book {
                    Book::Bids => market.bids,
                    Book::Asks => market.asks,
                    Book::Queue => market.queue,
                };
                return Ok(vec![setup::grow_book(&market, book, signer); *times]);
            }
            Step::CreateExchange => {
                setup::create_exchange(signer, signer, self.manifest.quote().mint, self.roles())
            }
            Step::CreateBoard => setup::create_board(of, signer),
            Step::AddFeed(feed) => {
                let feed = &self.manifest.feeds[feed.place];
                setup::add_feed(of, signer, feed.pyth, feed.switchboard)
            }
            Step::RegisterBank(bank) => {
                let bank = &self.manifest.banks[bank.place];
                let addresses = BankAddresses::derive(of, bank.mint, bank.token_program);
                setup::register_bank(&addresses, signer, bank.feed.unwrap_or(NO_FEED))
            }
            Step::CreateInsurance => {
                let quote = self.manifest.quote();
                let bank = BankAddresses::derive(of, quote.mint, quote.token_program);
                setup::create_insurance(of, signer, bank.bank)
            }
            Step::CreateMarket(Item { place, .. }) => {
                let market = &self.manifest.markets[*place];
                let (lots_per_unit, tick_lot) = (market.lots_per_unit, market.tick_lot);
                let args = MarketArgs {
                    feed: market.feed,
                    lots_per_unit,
                    tick_lot,
                    minimum_lots: market.minimum_lots,
                };
                setup::create_market(&MarketAddresses::derive(of, index(*place)?), signer, args)
            }
            Step::Change(change) => {
                let last = self.state.exchange.as_ref().map_or(0, |exchange| exchange.change_sequence);
                let number = last + self.queued + 1;
                self.queued += u64::from(matches!(change.effect, crate::plan::Effect::From(_)));
                change.proposal.propose(of, signer, number)
            }
            Step::ApplyQueued(waiting) => waiting.queued.apply(of),
            Step::HandOver(wanted) => set_upgrade_authority(&plimsoll::ID, &signer, wanted.key().as_ref()),
            Step::Nominate(admin) => governance::nominate_admin(of, signer, *admin),
            Step::Accept(admin) => governance::accept_admin(of, *admin),
            Step::Open => setup::open_exchange(of, signer),
        }])
    }

    /// During set-up whoever deploys is the admin; the role is handed over at the end.
    fn roles(&self) -> Roles {
        let roles = &self.manifest.roles;
        Roles {
            admin: self.signer,
            risk_council: roles.risk_council.key(self.signer),
            guardian: roles.guardian.key(self.signer),
            fee_collector: roles.fee_collector.key(self.signer),
            timelock_seconds: roles.timelock_seconds,
            ramp_seconds: roles.ramp_seconds,
        }
    }

    fn create_mint(&self, place: usize) -> Result<Vec<Instruction>, Fault> {
        let bank = &self.manifest.banks[place];
        let rent = self.chain.rent(MINT_SPACE)?;
        let create = create_account(&self.signer, &bank.mint, rent, MINT_SPACE as u64, &bank.token_program);
        let faucet = local::keypair(FAUCET).pubkey();
        let initialize = spl_token::instruction::initialize_mint2(
            &spl_token::ID,
            &bank.mint,
            &faucet,
            None,
            bank.decimals,
        )
        .map_err(|error| Fault::Refused(format!("{}: {error}", bank.name)))?;
        // Both token programs read the same instruction.
        Ok(vec![create, Instruction { program_id: bank.token_program, ..initialize }])
    }
}

fn index(place: usize) -> Result<u8, Fault> {
    u8::try_from(place).map_err(|_| Fault::refused("there is no such place on a board"))
}
