//! Which tokens get a bank: real mints of the real token programs, each with one thing about it.

use harness::{World, keys, mints::MINTER, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::instructions::setup;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use spl_token_2022_interface::{
    ID as TOKEN_2022,
    extension::{
        ExtensionType, confidential_mint_burn, confidential_transfer, confidential_transfer_fee,
        default_account_state, group_member_pointer, group_pointer, interest_bearing_mint, metadata_pointer,
        pausable, permissioned_burn, scaled_ui_amount, transfer_fee, transfer_hook,
    },
    instruction as token,
    state::AccountState,
};

const NEW: Token = Token { is_token_2022: true, ..Token::new("NEW", 6, 1.0) };

/// Makes a mint with extensions and tries to give it a bank.
fn registration(
    world: &mut World,
    token: Token,
    kinds: &[ExtensionType],
    extend: &[Instruction],
) -> Instruction {
    world.chain.makes_mint(&token, kinds, extend);
    let admin = world.person("admin");
    setup::register_bank(&world.bank_of(token), admin, 0)
}

#[track_caller]
fn refused(kind: ExtensionType, extend: Instruction, reason: Refusal) {
    let mut world = World::before_opening();
    let register = registration(&mut world, NEW, &[kind], &[extend]);
    world.refuses(&[register], reason);
}

fn authority() -> Pubkey {
    keys::address(MINTER)
}

#[test]
fn tokens_have_at_most_twelve_decimals() {
    for decimals in [0, 1, 6, 9, 12, 13, 255] {
        for is_token_2022 in [false, true] {
            let mut world = World::before_opening();
            let token = Token { is_token_2022, ..Token::new("NEW", decimals, 1.0) };
            let register = registration(&mut world, token, &[], &[]);
            if decimals <= 12 {
                world.does(&[register]);
                assert_eq!(world.board().banks[4].decimals, decimals);
            } else {
                world.refuses(&[register], Refusal::TooManyDecimals);
            }
        }
    }
}

#[test]
fn a_transfer_fee_is_refused() {
    let fee = transfer_fee::instruction::initialize_transfer_fee_config(
        &TOKEN_2022,
        &NEW.mint(),
        Some(&authority()),
        Some(&authority()),
        0,
        0,
    );
    refused(ExtensionType::TransferFeeConfig, fee.expect("an instruction"), Refusal::MintTransferFee);
}

#[test]
fn a_mint_that_can_be_closed_is_refused() {
    let closing = token::initialize_mint_close_authority(&TOKEN_2022, &NEW.mint(), Some(&authority()));
    refused(ExtensionType::MintCloseAuthority, closing.expect("an instruction"), Refusal::MintCloseable);
}

#[test]
fn confidential_transfers_are_refused() {
    let initialize = confidential_transfer::instruction::initialize_mint;
    let hiding = initialize(&TOKEN_2022, &NEW.mint(), Some(authority()), true, None);
    refused(
        ExtensionType::ConfidentialTransferMint,
        hiding.expect("an instruction"),
        Refusal::MintConfidential,
    );
}

#[test]
fn confidential_fees_are_refused_for_their_fee() {
    let mint = NEW.mint();
    let fee = transfer_fee::instruction::initialize_transfer_fee_config(&TOKEN_2022, &mint, None, None, 0, 0);
    let transfer = confidential_transfer::instruction::initialize_mint(&TOKEN_2022, &mint, None, true, None);
    let hidden = confidential_transfer_fee::instruction::initialize_confidential_transfer_fee_config(
        &TOKEN_2022,
        &mint,
        Some(authority()),
        &Default::default(),
    );
    let mut world = World::before_opening();
    let kinds = [
        ExtensionType::ConfidentialTransferMint,
        ExtensionType::TransferFeeConfig,
        ExtensionType::ConfidentialTransferFeeConfig,
    ];
    let extend = [transfer, fee, hidden].map(|instruction| instruction.expect("an instruction"));
    let register = registration(&mut world, NEW, &kinds, &extend);
    world.refuses(&[register], Refusal::MintConfidential);
}

#[test]
fn confidential_minting_is_refused() {
    let mint = NEW.mint();
    let transfer = confidential_transfer::instruction::initialize_mint(&TOKEN_2022, &mint, None, true, None);
    let initialize = confidential_mint_burn::instruction::initialize_mint;
    let hidden = initialize(&TOKEN_2022, &mint, &Default::default(), &Default::default());
    let mut world = World::before_opening();
    let kinds = [ExtensionType::ConfidentialMintBurn, ExtensionType::ConfidentialTransferMint];
    let extend = [hidden, transfer].map(|instruction| instruction.expect("an instruction"));
    let register = registration(&mut world, NEW, &kinds, &extend);
    world.refuses(&[register], Refusal::MintConfidential);
}

#[test]
fn accounts_that_begin_frozen_are_refused() {
    // The mint needs somebody who can thaw, so it is made by hand.
    let mut world = World::before_opening();
    let kinds = [ExtensionType::DefaultAccountState];
    let space = ExtensionType::try_calculate_account_len::<spl_token_2022_interface::state::Mint>(&kinds);
    let (payer, mint) = (world.chain.payer(), world.chain.key("mint of NEW"));
    let space = space.expect("a length");
    let rent = world.chain.rent(space);
    let create =
        solana_system_interface::instruction::create_account(&payer, &mint, rent, space as u64, &TOKEN_2022);
    let initialize = default_account_state::instruction::initialize_default_account_state;
    let frozen = initialize(&TOKEN_2022, &mint, &AccountState::Frozen).expect("an instruction");
    let last = token::initialize_mint2(&TOKEN_2022, &mint, &authority(), Some(&authority()), 6);
    world.does(&[create, frozen, last.expect("an instruction")]);
    let admin = world.person("admin");
    let register = setup::register_bank(&world.bank_of(NEW), admin, 0);
    world.refuses(&[register], Refusal::MintDefaultFrozen);
}

#[test]
fn non_transferable_tokens_are_refused() {
    let fixed = token::initialize_non_transferable_mint(&TOKEN_2022, &NEW.mint());
    refused(ExtensionType::NonTransferable, fixed.expect("an instruction"), Refusal::MintNonTransferable);
}

#[test]
fn interest_bearing_tokens_are_refused() {
    let initialize = interest_bearing_mint::instruction::initialize;
    let bearing = initialize(&TOKEN_2022, &NEW.mint(), Some(authority()), 100);
    refused(
        ExtensionType::InterestBearingConfig,
        bearing.expect("an instruction"),
        Refusal::MintInterestBearing,
    );
}

#[test]
fn a_permanent_delegate_is_refused() {
    let delegate = token::initialize_permanent_delegate(&TOKEN_2022, &NEW.mint(), &authority());
    refused(
        ExtensionType::PermanentDelegate,
        delegate.expect("an instruction"),
        Refusal::MintPermanentDelegate,
    );
}

#[test]
fn a_transfer_hook_is_refused_even_without_a_program() {
    for program in [None, Some(plimsoll::ID)] {
        let hook =
            transfer_hook::instruction::initialize(&TOKEN_2022, &NEW.mint(), Some(authority()), program);
        refused(ExtensionType::TransferHook, hook.expect("an instruction"), Refusal::MintTransferHook);
    }
}

#[test]
fn a_scaled_amount_is_refused() {
    let scaled = scaled_ui_amount::instruction::initialize(&TOKEN_2022, &NEW.mint(), Some(authority()), 2.0);
    refused(ExtensionType::ScaledUiAmount, scaled.expect("an instruction"), Refusal::MintScaledAmount);
}

#[test]
fn pausable_tokens_are_refused() {
    let pausable = pausable::instruction::initialize(&TOKEN_2022, &NEW.mint(), &authority());
    refused(ExtensionType::Pausable, pausable.expect("an instruction"), Refusal::MintPausable);
}

#[test]
fn permissioned_burn_is_refused() {
    let burn = permissioned_burn::instruction::initialize(&TOKEN_2022, &NEW.mint(), &authority());
    refused(ExtensionType::PermissionedBurn, burn.expect("an instruction"), Refusal::MintPermissionedBurn);
}

#[test]
fn pointers_to_descriptions_and_groups_are_accepted() {
    let (mint, authority) = (NEW.mint(), Some(authority()));
    let pointers = [
        (
            ExtensionType::MetadataPointer,
            metadata_pointer::instruction::initialize(&TOKEN_2022, &mint, authority, Some(mint)),
        ),
        (
            ExtensionType::GroupPointer,
            group_pointer::instruction::initialize(&TOKEN_2022, &mint, authority, Some(mint)),
        ),
        (
            ExtensionType::GroupMemberPointer,
            group_member_pointer::instruction::initialize(&TOKEN_2022, &mint, authority, Some(mint)),
        ),
    ];
    let mut world = World::before_opening();
    let (kinds, extend): (Vec<_>, Vec<_>) =
        pointers.into_iter().map(|(kind, pointer)| (kind, pointer.expect("an instruction"))).unzip();
    let register = registration(&mut world, NEW, &kinds, &extend);
    world.does(&[register]);
    assert_eq!(world.board().header.bank_count, 5);
}

#[test]
fn an_accepted_extension_does_not_hide_one_that_is_not() {
    let (mint, authority) = (NEW.mint(), authority());
    let pointer = metadata_pointer::instruction::initialize(&TOKEN_2022, &mint, Some(authority), Some(mint));
    let delegate = token::initialize_permanent_delegate(&TOKEN_2022, &mint, &authority);
    let mut world = World::before_opening();
    let kinds = [ExtensionType::MetadataPointer, ExtensionType::PermanentDelegate];
    let extend = [pointer, delegate].map(|instruction| instruction.expect("an instruction"));
    let register = registration(&mut world, NEW, &kinds, &extend);
    world.refuses(&[register], Refusal::MintPermanentDelegate);
}

#[test]
fn an_extension_of_the_future_is_refused() {
    let mut world = World::before_opening();
    let initialize = metadata_pointer::instruction::initialize;
    let pointer = initialize(&TOKEN_2022, &NEW.mint(), None, Some(NEW.mint())).expect("an instruction");
    let register = registration(&mut world, NEW, &[ExtensionType::MetadataPointer], &[pointer]);
    world.chain.tamper(&NEW.mint(), |account| account.data[166..168].copy_from_slice(&27_u16.to_le_bytes()));
    // Number 27 belongs to token accounts: no mint has it.
    world.refuses(std::slice::from_ref(&register), Refusal::MintUnknownExtension);
    world.chain.tamper(&NEW.mint(), |account| account.data[166..168].copy_from_slice(&999_u16.to_le_bytes()));
    world.refuses(&[register], Refusal::MintUnknownExtension);
}

#[test]
fn what_is_no_mint_gets_no_bank() {
    let mut world = World::before_opening();
    world.chain.makes_mint(&NEW, &[], &[]);
    let owner = world.person("owner");
    let wallet = world.chain.wallet(&owner, &NEW);
    let admin = world.person("admin");
    let mut of = world.bank_of(NEW);
    of.mint = wallet;
    of.bank = plimsoll_client::addresses::bank(&of.exchange, &wallet).address();
    of.vault = plimsoll_client::addresses::vault(&of.bank).address();
    let register = setup::register_bank(&of, admin, 0);
    world.refuses(&[register], solana_instruction::error::InstructionError::InvalidAccountData);
}
