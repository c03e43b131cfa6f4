//! Which tokens are accepted: SPL Token, and Token-2022 with extensions that cannot touch what a vault holds.

use crate::errors::Refusal;
use anchor_lang::prelude::*;
use anchor_spl::token_2022;

/// Most decimals a collateral token may have.
pub const MAX_DECIMALS: u8 = 12;

/// Where extensions begin, in mints as in token accounts: behind the padded base and the kind of account.
const EXTENSIONS: usize = 166;

/// Extension numbers of Token-2022 (spl-token-2022-interface, `ExtensionType`).
mod extension {
    pub const NONE: u16 = 0;
    pub const TRANSFER_FEE: u16 = 1;
    pub const MINT_CLOSE_AUTHORITY: u16 = 3;
    pub const CONFIDENTIAL_TRANSFER: u16 = 4;
    pub const DEFAULT_ACCOUNT_STATE: u16 = 6;
    pub const NON_TRANSFERABLE: u16 = 9;
    pub const INTEREST_BEARING: u16 = 10;
    pub const CPI_GUARD: u16 = 11;
    pub const PERMANENT_DELEGATE: u16 = 12;
    pub const TRANSFER_HOOK: u16 = 14;
    pub const CONFIDENTIAL_TRANSFER_FEE: u16 = 16;
    pub const METADATA_POINTER: u16 = 18;
    pub const TOKEN_METADATA: u16 = 19;
    pub const GROUP_POINTER: u16 = 20;
    pub const TOKEN_GROUP: u16 = 21;
    pub const GROUP_MEMBER_POINTER: u16 = 22;
    pub const TOKEN_GROUP_MEMBER: u16 = 23;
    pub const CONFIDENTIAL_MINT_BURN: u16 = 24;
    pub const SCALED_AMOUNT: u16 = 25;
    pub const PAUSABLE: u16 = 26;
    pub const PERMISSIONED_BURN: u16 = 28;
}

/// Where a mint says its decimals and that it is initialised, how long it is without extensions, where one with
/// extensions says that it is a mint, and the length that only a multisig has: as the token programs lay it out.
const DECIMALS: usize = 44;
const IS_INITIALIZED: usize = 45;
const BASE: usize = 82;
const KIND: usize = 165;
const KIND_OF_MINTS: u8 = 1;
const MULTISIG: usize = 355;

/// Decimals of a mint.
///
/// # Errors
/// `IncorrectProgramId` for an account of another program than `token_program`, `InvalidAccountData` for one that is no
/// mint.
pub fn decimals(mint: &AccountInfo, token_program: &Pubkey) -> Result<u8> {
    if mint.owner != token_program {
        return Err(ProgramError::IncorrectProgramId.into());
    }
    let data = mint.try_borrow_data()?;
    let has_extensions = *token_program == token_2022::ID
        && data.len() != MULTISIG
        && data.get(KIND).is_some_and(|kind| *kind == KIND_OF_MINTS);
    match (data.get(DECIMALS), data.get(IS_INITIALIZED)) {
        (Some(decimals), Some(1)) if data.len() == BASE || has_extensions => Ok(*decimals),
        _ => Err(ProgramError::InvalidAccountData.into()),
    }
}

/// # Errors
/// Names the first extension that is not accepted; [`Refusal::TooManyDecimals`].
pub fn require_accepted(mint: &AccountInfo, decimals: u8) -> Result<()> {
    ensure!(decimals <= MAX_DECIMALS, Refusal::TooManyDecimals);
    if *mint.owner != token_2022::ID {
        return Ok(());
    }
    for (number, _) in extensions(&mint.try_borrow_data()?) {
        if let Some(refusal) = refusal(number) {
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// # Errors
/// [`Refusal::SourceIsCpiGuarded`] for a token account whose owner forbids transfers by other programs.
pub fn require_no_cpi_guard(token_account: &AccountInfo) -> Result<()> {
    for (number, value) in extensions(&token_account.try_borrow_data()?) {
        let locked = value.first().is_some_and(|flag| *flag != 0);
        ensure!(number != extension::CPI_GUARD || !locked, Refusal::SourceIsCpiGuarded);
    }
    Ok(())
}

fn refusal(number: u16) -> Option<Refusal> {
    Some(match number {
        extension::METADATA_POINTER
        | extension::TOKEN_METADATA
        | extension::GROUP_POINTER
        | extension::TOKEN_GROUP
        | extension::GROUP_MEMBER_POINTER
        | extension::TOKEN_GROUP_MEMBER => return None,
        extension::TRANSFER_FEE => Refusal::MintTransferFee,
        extension::MINT_CLOSE_AUTHORITY => Refusal::MintCloseable,
        extension::CONFIDENTIAL_TRANSFER
        | extension::CONFIDENTIAL_TRANSFER_FEE
        | extension::CONFIDENTIAL_MINT_BURN => Refusal::MintConfidential,
        extension::DEFAULT_ACCOUNT_STATE => Refusal::MintDefaultFrozen,
        extension::NON_TRANSFERABLE => Refusal::MintNonTransferable,
        extension::INTEREST_BEARING => Refusal::MintInterestBearing,
        extension::PERMANENT_DELEGATE => Refusal::MintPermanentDelegate,
        extension::TRANSFER_HOOK => Refusal::MintTransferHook,
        extension::SCALED_AMOUNT => Refusal::MintScaledAmount,
        extension::PAUSABLE => Refusal::MintPausable,
        extension::PERMISSIONED_BURN => Refusal::MintPermissionedBurn,
        _ => Refusal::MintUnknownExtension,
    })
}

/// The extensions of a mint or token account: number and value, each behind a header of two u16.
fn extensions(data: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = data.get(EXTENSIONS..).unwrap_or_default();
    core::iter::from_fn(move || {
        let (header, tail) = rest.split_first_chunk::<4>()?;
        let number = u16::from_le_bytes([header[0], header[1]]);
        let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
        let value = tail.get(..length)?;
        rest = tail.get(length..)?;
        (number != extension::NONE).then_some((number, value))
    })
}
