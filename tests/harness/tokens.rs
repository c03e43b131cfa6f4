//! The tokens of the test world.

use crate::keys;
use anchor_spl::{token, token_2022};
use solana_pubkey::Pubkey;

/// A token that can be held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    pub name: &'static str,
    pub decimals: u8,
    pub is_token_2022: bool,
    /// What one is worth when the world begins.
    pub price: f64,
}

/// Worth 1 by definition.
pub const USDC: Token = Token::new("USDC", 6, 1.0);
pub const SOL: Token = Token::new("SOL", 9, 150.0);
/// Of the Token-2022 program.
pub const BTC: Token = Token { is_token_2022: true, ..Token::new("BTC", 8, 60_000.0) };
/// In a world only where a market is about it.
pub const ETH: Token = Token::new("ETH", 8, 3_000.0);
/// A bar of gold: indivisible.
pub const BAR: Token = Token::new("BAR", 0, 2_000.0);

/// The tokens that a world has unless it is given others; the quote token is the first.
pub const STANDARD: [Token; 4] = [USDC, SOL, BTC, BAR];

impl Token {
    pub const fn new(name: &'static str, decimals: u8, price: f64) -> Self {
        Self { name, decimals, is_token_2022: false, price }
    }

    pub fn mint(&self) -> Pubkey {
        keys::address(&format!("mint of {}", self.name))
    }

    pub fn token_program(&self) -> Pubkey {
        if self.is_token_2022 { token_2022::ID } else { token::ID }
    }

    pub fn feed_id(&self) -> [u8; 32] {
        keys::bytes(&format!("pyth feed of {}", self.name))
    }

    /// The account that holds its price in Pyth's format.
    pub fn pyth(&self) -> Pubkey {
        keys::address(&format!("pyth account of {}", self.name))
    }

    /// The account that holds its price in Switchboard's format.
    pub fn switchboard(&self) -> Pubkey {
        keys::address(&format!("switchboard account of {}", self.name))
    }

    /// So many whole tokens in native units.
    pub fn units(&self, whole: impl Into<f64>) -> u64 {
        (whole.into() * 10f64.powi(i32::from(self.decimals))).round() as u64
    }
}

/// Whole USDC in native units.
pub fn usdc(whole: impl Into<f64>) -> u64 {
    USDC.units(whole)
}

/// Whole SOL in native units.
pub fn sol(whole: impl Into<f64>) -> u64 {
    SOL.units(whole)
}

/// Whole BTC in native units.
pub fn btc(whole: impl Into<f64>) -> u64 {
    BTC.units(whole)
}

/// Names for as many tokens as a test may want.
pub const NAMES: [&str; 40] = [
    "T00", "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13", "T14",
    "T15", "T16", "T17", "T18", "T19", "T20", "T21", "T22", "T23", "T24", "T25", "T26", "T27", "T28", "T29",
    "T30", "T31", "T32", "T33", "T34", "T35", "T36", "T37", "T38", "T39",
];

/// So many tokens of six decimals, worth one quote token each; the first is the quote token.
pub fn many(count: usize) -> Vec<Token> {
    NAMES[..count].iter().map(|name| Token::new(name, 6, 1.0)).collect()
}
