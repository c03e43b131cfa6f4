//! Accounts out of bytes.

use anchor_lang::prelude::*;
use bytemuck::Pod;
use plimsoll::state::{
    Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, PendingChange, RiskBoard,
};
use std::fmt;

/// Why bytes are not the account that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They begin with another account's mark.
    AnotherKind { wanted: &'static str },
    /// They end before the account does.
    Short { wanted: &'static str, bytes: usize },
    /// The mark is right, but no program wrote what follows; or it does not lie at a multiple of 8 bytes in memory.
    Damaged { wanted: &'static str },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherKind { wanted } => write!(out, "this account is no {wanted}"),
            Self::Short { wanted, bytes } => write!(out, "{bytes} bytes are too few for a {wanted}"),
            Self::Damaged { wanted } => write!(out, "this {wanted} cannot be read"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// An account of the program, as it lies on chain: its mark, then its fields.
pub trait Account: Pod + Discriminator {
    /// What it is called in messages.
    const NAME: &'static str;
}

macro_rules! accounts {
    ($($account:ty: $name:literal),+ $(,)?) => {
        $(impl Account for $account { const NAME: &'static str = $name; })+
    };
}

accounts! {
    Exchange: "exchange",
    RiskBoard: "risk board",
    Bank: "bank",
    Market: "market",
    MarginAccount: "margin account",
    PendingChange: "pending change",
    InsuranceFund: "insurance fund",
    InsuranceStake: "insurance stake",
}

/// Copies an account out of its data, wherever in memory that lies.
///
/// # Errors
/// Another kind of account; data that ends too early.
pub fn read<T: Account>(data: &[u8]) -> std::result::Result<T, DecodeError> {
    body::<T>(data).map(bytemuck::pod_read_unaligned)
}

/// Looks at an account where its data lies, if that is aligned to 8 bytes, as every allocation of its own is.
///
/// # Errors
/// Another kind of account; data that ends too early. `Ok(None)` for data at an odd place: [`read`] it.
pub fn view<T: Account>(data: &[u8]) -> std::result::Result<Option<&T>, DecodeError> {
    Ok(bytemuck::try_from_bytes(body::<T>(data)?).ok())
}

/// Whether data is this kind of account.
pub fn is<T: Account>(data: &[u8]) -> bool {
    body::<T>(data).is_ok()
}

fn body<T: Account>(data: &[u8]) -> std::result::Result<&[u8], DecodeError> {
    let body = data.strip_prefix(T::DISCRIMINATOR).ok_or(DecodeError::AnotherKind { wanted: T::NAME })?;
    body.get(..size_of::<T>()).ok_or(DecodeError::Short { wanted: T::NAME, bytes: data.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn exchange_at(offset: usize) -> Vec<u8> {
        let exchange = Exchange { timelock_seconds: 77, ..Exchange::zeroed() };
        [&vec![0; offset][..], Exchange::DISCRIMINATOR, bytemuck::bytes_of(&exchange)].concat()
    }

    #[test]
    fn an_account_is_read_wherever_its_data_lies() {
        for offset in 0..8 {
            let data = exchange_at(offset);
            assert_eq!(read::<Exchange>(&data[offset..]).map(|it| it.timelock_seconds), Ok(77));
        }
    }

    #[test]
    fn other_accounts_and_short_ones_are_refused() {
        let data = exchange_at(0);
        assert_eq!(read::<Bank>(&data).err(), Some(DecodeError::AnotherKind { wanted: "bank" }));
        let short = &data[..data.len() - 1];
        assert_eq!(
            read::<Exchange>(short).err(),
            Some(DecodeError::Short { wanted: "exchange", bytes: short.len() })
        );
        assert!(is::<Exchange>(&data) && !is::<Exchange>(short));
    }
}
