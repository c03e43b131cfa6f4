//! From nothing to an exchange: who may do what, in which order.

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, keys, tokens::*, world::UPGRADE_AUTHORITY};
use plimsoll::{errors::Refusal, instructions::setup::Roles};
use plimsoll_client::instructions::setup;
use plimsoll_risk::{layout::bank::NO_FEED, num::Ratio};
use solana_account::Account;
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;

/// What the system program answers when an account is there already.
const IN_USE: u32 = 0;

/// The exchange's creation in somebody's name, with roles changed by `change`.
fn creation(
    world: &mut World,
    authority: &str,
    change: impl FnOnce(&mut Roles),
) -> solana_instruction::Instruction {
    let mut roles = world.roles();
    change(&mut roles);
    let (payer, authority) = (world.chain.payer(), world.person(authority));
    setup::create_exchange(payer, authority, USDC.mint(), roles)
}

/// An exchange with a board, and mints, but no banks.
fn founded() -> World {
    let mut world = World::bare();
    world.makes_mints(&STANDARD);
    world.creates_exchange(&USDC);
    world.creates_board();
    world
}

#[test]
fn only_the_upgrade_authority_creates_the_exchange() {
    let mut world = World::bare();
    let by_a_stranger = creation(&mut world, "stranger", |_| {});
    world.refuses(&[by_a_stranger], Refusal::NotTheUpgradeAuthority);
    let by_the_admin = creation(&mut world, "admin", |_| {});
    world.refuses(&[by_the_admin], Refusal::NotTheUpgradeAuthority);
    world.creates_exchange(&USDC);
    assert_eq!(world.exchange_account().admin.0, keys::address("admin").to_bytes());
}

#[test]
fn another_account_cannot_pose_as_the_programs_data() {
    let mut world = World::bare();
    let mut forged =
        world.chain.account(&plimsoll_client::addresses::program_data().address()).expect("deployed");
    forged.data[13..45].copy_from_slice(world.person("stranger").as_ref());
    let elsewhere = keys::address("forged program data");
    world.chain.place(elsewhere, forged);
    let mut instruction = creation(&mut world, "stranger", |_| {});
    instruction.accounts[2].pubkey = elsewhere;
    world.refuses(&[instruction], Refusal::WrongProgramData);
}

#[test]
fn a_program_without_upgrade_authority_has_no_exchange_to_create() {
    let mut world = World::bare();
    let data = plimsoll_client::addresses::program_data().address();
    world.chain.tamper(&data, |account| account.data[12] = 0);
    let instruction = creation(&mut world, UPGRADE_AUTHORITY, |_| {});
    world.refuses(&[instruction], Refusal::WrongProgramData);
}

#[test]
fn the_exchange_is_created_once() {
    let mut world = World::bare();
    world.creates_exchange(&USDC);
    let again =
        creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.admin = Pubkey::new_from_array([9; 32]));
    world.refuses(&[again], IN_USE);
}

#[test]
fn nobody_watches_over_himself() {
    let mut world = World::bare();
    let admin = creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.guardian = roles.admin);
    world.refuses(&[admin], Refusal::RolesCollide);
    let council = creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.guardian = roles.risk_council);
    world.refuses(&[council], Refusal::RolesCollide);
    let nobody = creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.guardian = Pubkey::default());
    world.refuses(&[nobody], Refusal::OutOfBounds);
}

#[test]
fn the_first_delays_have_the_bounds_of_all_later_ones() {
    let mut world = World::bare();
    let hasty = creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.timelock_seconds = 60);
    world.refuses(&[hasty], Refusal::OutOfBounds);
    let steep = creation(&mut world, UPGRADE_AUTHORITY, |roles| roles.ramp_seconds = 0);
    world.refuses(&[steep], Refusal::OutOfBounds);
}

#[test]
fn only_the_admin_creates_the_board_and_only_once() {
    let mut world = World::bare();
    world.creates_exchange(&USDC);
    let (stranger, admin) = (world.person("stranger"), world.person("admin"));
    world.refuses(&[setup::create_board(&world.exchange.clone(), stranger)], Refusal::NotTheAdmin);
    world.creates_board();
    world.refuses(&[setup::create_board(&world.exchange.clone(), admin)], Refusal::BoardComplete);
}

#[test]
fn a_board_is_no_board_until_it_is_fully_grown() {
    let mut world = World::bare();
    world.creates_exchange(&USDC);
    let (admin, payer, of) = (world.person("admin"), world.chain.payer(), world.exchange);
    world.does(&[setup::create_board(&of, admin)]);
    for _ in 1..setup::growths() {
        world.does(&[setup::grow_board(&of, payer)]);
        let early = setup::add_feed(&of, admin, SOL.feed_id(), Pubkey::default());
        world.refuses(&[early], ErrorCode::AccountDiscriminatorMismatch);
    }
    world.does(&[setup::grow_board(&of, payer)]);
    world.does(&[setup::add_feed(&of, admin, SOL.feed_id(), Pubkey::default())]);
    assert_eq!(world.board().header.feed_count, 1);
}

#[test]
fn anybody_may_grow_the_board_but_not_beyond_its_size() {
    let mut world = founded();
    let (stranger, of) = (world.person("stranger"), world.exchange);
    assert_eq!(world.chain.data(&of.board).len(), plimsoll::state::RiskBoard::SPACE);
    world.refuses(&[setup::grow_board(&of, stranger)], Refusal::BoardComplete);
}

#[test]
fn a_donation_to_the_boards_address_does_not_stand_in_its_way() {
    let mut world = World::bare();
    world.creates_exchange(&USDC);
    let gift = Account { lamports: 5_000_000, ..Account::default() };
    world.chain.place(world.exchange.board, gift);
    world.creates_board();
    assert_eq!(world.board().header.exchange.0, world.exchange.exchange.to_bytes());
}

#[test]
fn the_quote_tokens_bank_is_the_first_and_needs_no_feed() {
    let mut world = founded();
    let (admin, of) = (world.person("admin"), world.exchange);
    let (quote, other) = (bank(&world, USDC), bank(&world, SOL));
    world.does(&[setup::add_feed(&of, admin, SOL.feed_id(), Pubkey::default())]);
    world.refuses(&[setup::register_bank(&other, admin, 0)], Refusal::QuoteBankFirst);
    world.refuses(&[setup::register_bank(&quote, admin, 0)], Refusal::UnknownFeed);
    world.does(&[setup::register_bank(&quote, admin, NO_FEED)]);
    let terms = world.board().banks[0];
    assert_eq!((terms.asset_weight_initial, terms.liability_weight_initial), (Ratio::ONE, Ratio::ONE));
    world.refuses(&[setup::register_bank(&other, admin, NO_FEED)], Refusal::UnknownFeed);
    world.refuses(&[setup::register_bank(&other, admin, 1)], Refusal::UnknownFeed);
    world.does(&[setup::register_bank(&other, admin, 0)]);
    assert_eq!(world.board().feeds[0].banks, 0b10);
}

fn bank(world: &World, token: Token) -> plimsoll_client::addresses::BankAddresses {
    world.bank_of(token)
}

#[test]
fn only_the_admin_adds_feeds_and_banks_and_opens() {
    let mut world = World::before_opening();
    let (stranger, of) = (world.person("stranger"), world.exchange);
    let feed = setup::add_feed(&of, stranger, keys::bytes("a feed"), Pubkey::default());
    world.refuses(&[feed], Refusal::NotTheAdmin);
    world.refuses(&[setup::open_exchange(&of, stranger)], Refusal::NotTheAdmin);
    let token = Token::new("NEW", 6, 1.0);
    world.chain.makes_mint(&token, &[], &[]);
    let register = setup::register_bank(&bank(&world, token), stranger, 0);
    world.refuses(&[register], Refusal::NotTheAdmin);
}

#[test]
fn a_feed_without_a_name_is_refused() {
    let mut world = World::before_opening();
    let admin = world.person("admin");
    let nameless = setup::add_feed(&world.exchange, admin, [0; 32], Pubkey::default());
    world.refuses(&[nameless], Refusal::OutOfBounds);
}

#[test]
fn a_mint_has_one_bank() {
    let mut world = World::before_opening();
    let admin = world.person("admin");
    let again = setup::register_bank(&bank(&world, SOL), admin, 0);
    world.refuses(&[again], IN_USE);
}

#[test]
fn a_mint_of_another_program_than_named_is_refused() {
    let mut world = founded();
    let admin = world.person("admin");
    let mut confused = bank(&world, USDC);
    confused.token_program = anchor_spl::token_2022::ID;
    world.refuses(&[setup::register_bank(&confused, admin, NO_FEED)], InstructionError::IncorrectProgramId);
}

#[test]
fn a_new_bank_takes_deposits_but_counts_nothing_and_lends_nothing() {
    let mut world = World::open();
    let token = Token::new("NEW", 6, 100.0);
    world.chain.makes_mint(&token, &[], &[]);
    world.registers(token);
    world.refreshes_all();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(token, token.units(50));
    world.trader("alice").refused(Refusal::NotEnoughMargin).borrows(USDC, usdc(1));
    world.trader("alice").refused(Refusal::BorrowCap).borrows(token, token.units(51));
    world.trader("alice").withdraws(token, token.units(3));
}

#[test]
fn the_quote_token_has_at_most_six_decimals() {
    let mut world = World::bare();
    let fine = Token::new("FINE", 7, 1.0);
    world.chain.makes_mint(&fine, &[], &[]);
    world.creates_exchange(&fine);
    world.creates_board();
    let admin = world.person("admin");
    let register = setup::register_bank(&bank(&world, fine), admin, NO_FEED);
    world.refuses(&[register], Refusal::TooManyQuoteDecimals);
}

#[test]
fn the_exchange_opens_once_and_not_without_a_bank() {
    let mut world = founded();
    let (admin, of) = (world.person("admin"), world.exchange);
    world.refuses(&[setup::open_exchange(&of, admin)], Refusal::QuoteBankFirst);
    let mut world = World::open();
    world.refuses(&[setup::open_exchange(&of, admin)], Refusal::AlreadyOpen);
}

#[test]
fn nothing_can_be_deposited_before_the_exchange_is_opened() {
    let mut world = World::before_opening();
    world.trader("alice").refused(Refusal::NotOpen).deposits(USDC, usdc(1));
    let mut world = world.opens();
    world.trader("alice").deposits(USDC, usdc(1));
    world.trader("alice").owns(USDC, usdc(1));
}

#[test]
fn a_board_has_room_for_32_banks_and_64_feeds() {
    let mut world = World::before_opening();
    let (admin, of) = (world.person("admin"), world.exchange);
    for number in world.tokens().len() - 1..64 {
        let add = setup::add_feed(&of, admin, keys::bytes(&format!("feed {number}")), Pubkey::default());
        world.does(&[add]);
    }
    let one_more = setup::add_feed(&of, admin, keys::bytes("feed 64"), Pubkey::default());
    world.refuses(&[one_more], Refusal::BoardFull);
    for (number, name) in NAMES.into_iter().enumerate().take(33).skip(world.tokens().len()) {
        let token = Token::new(name, 6, 1.0);
        world.chain.makes_mint(&token, &[], &[]);
        let register = setup::register_bank(&bank(&world, token), admin, 0);
        match number {
            32 => world.refuses(&[register], Refusal::BoardFull),
            _ => world.does(&[register]),
        };
    }
    assert_eq!((world.board().header.bank_count, world.board().header.feed_count), (32, 64));
}

#[test]
fn timelock_and_ramp_stand_as_created() {
    let exchange = World::open().exchange_account();
    assert_eq!((exchange.timelock_seconds, exchange.ramp_seconds), (days(2) as u64, hours(24) as u64));
}
