//! What the table says of a parameter, and how a value is read, judged and written.

use super::{table::PARAMETERS, target::Target};
use crate::errors::{Refusal, beyond, refuse};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::Key as Address,
    num::{Quote, Ratio, SizeFactor, TokenAmount},
    ramp::Ramp,
};

/// What a parameter belongs to, and so what a change's `target` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The exchange; `target` is 0. Only the admin proposes these.
    Exchange,
    /// The header of the risk board; `target` is 0.
    Board,
    /// A bank's entry on the risk board; `target` is its place.
    BankTerms,
    /// A bank's own account, which the instruction needs; `target` is its place on the board.
    Bank,
    /// A feed's entry on the risk board; `target` is its place.
    Feed,
    /// A market: its own account, which the instruction needs, and its entry on the risk board; `target` is its place there.
    Market,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 2^-30: 1 is 1,073,741,824.
    Ratio,
    /// 2^-42 per square root of one whole quote token.
    SizeFactor,
    /// Base lots of the market.
    Lots,
    /// A number of things.
    Count,
    /// Native units of the bank's token.
    Tokens,
    /// Native units of the quote token.
    Quote,
    /// Seconds.
    Seconds,
    /// 0 is no, 1 is yes.
    Flag,
    /// 32 bytes, not all zero.
    Address,
    /// 32 bytes; all zero is nobody.
    OptionalAddress,
}

impl Unit {
    /// Whether a value takes all 32 bytes.
    pub const fn is_address(self) -> bool {
        matches!(self, Self::Address | Self::OptionalAddress)
    }
}

/// In which direction the protocol becomes riskier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// More is riskier.
    LooseningUp,
    /// More is riskier, and 0 is no limit at all: the riskiest.
    LooseningUpZeroIsNone,
    /// Less is riskier.
    LooseningDown,
    /// Either direction can hurt somebody: always waits.
    TwoWay,
}

impl Class {
    /// Whether a change of a number has to wait.
    pub const fn waits(self, old: u64, new: u64) -> bool {
        match self {
            Self::LooseningUp => new > old,
            Self::LooseningUpZeroIsNone => old != 0 && (new == 0 || new > old),
            Self::LooseningDown => new < old,
            Self::TwoWay => true,
        }
    }
}

/// A value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number in the parameter's unit.
    Number(u64),
    /// An account's address, or an oracle's 32-byte name of a price.
    Address(Address),
}

impl Value {
    /// The 32 bytes in which instructions, events and pending changes carry it: a number is the first 8, little endian.
    pub fn to_bytes(self) -> [u8; 32] {
        match self {
            Self::Address(address) => address.0,
            Self::Number(number) => {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&number.to_le_bytes());
                bytes
            }
        }
    }
}

/// How to find a field among the accounts of a change.
pub type Finder<T> = for<'t, 'a> fn(&'t mut Target<'a>) -> Result<&'t mut T>;

/// Where a parameter lives, and as what.
#[derive(Clone, Copy)]
pub enum Place {
    /// One byte.
    U8(Finder<u8>),
    /// Four bytes.
    U32(Finder<u32>),
    /// Eight bytes.
    U64(Finder<u64>),
    /// A ratio.
    Ratio(Finder<Ratio>),
    /// The growth of a ratio with size.
    SizeFactor(Finder<SizeFactor>),
    /// An amount of a token.
    Tokens(Finder<TokenAmount>),
    /// An amount of quote, never negative.
    Quote(Finder<Quote>),
    /// A number on its way to another.
    Ramp(Finder<Ramp>),
    /// Bits of a byte: all of the mask, or none.
    Bits(u8, Finder<u8>),
    /// Thirty-two bytes.
    Address(Finder<Address>),
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Its number: its place in the table, never given to another.
    pub id: u16,
    /// What it is called.
    pub name: &'static str,
    /// What it belongs to.
    pub scope: Scope,
    /// What it counts.
    pub unit: Unit,
    /// Least value that governance can ever set; of no meaning for addresses.
    pub least: u64,
    /// Greatest value that governance can ever set; of no meaning for addresses.
    pub most: u64,
    /// In which direction the protocol becomes riskier.
    pub class: Class,
    /// Where it lives.
    pub place: Place,
    /// What it does, in one line.
    #[cfg(not(target_os = "solana"))]
    pub meaning: &'static str,
}

impl Parameter {
    /// The row of a number.
    ///
    /// # Errors
    /// [`Refusal::UnknownParameter`] beyond the table.
    pub fn by_id(id: u16) -> Result<&'static Self> {
        PARAMETERS.get(usize::from(id)).ok_or_else(|| Refusal::UnknownParameter.into())
    }

    /// Whether it moves along a ramp: it enters maintenance, and nobody may be liquidated in one slot by its change.
    pub const fn is_ramped(&self) -> bool {
        matches!(self.place, Place::Ramp(_))
    }

    /// Whether only the admin, not the risk council, proposes it: roles, addresses, oracles' names, delays.
    pub const fn is_for_admin_only(&self) -> bool {
        self.unit.is_address() || matches!(self.scope, Scope::Exchange)
    }

    /// A value out of its 32 bytes, within the parameter's bounds.
    ///
    /// # Errors
    /// [`Refusal::OutOfBounds`]: bounds broken, an address missing, or bytes set behind a number.
    pub fn value(&self, bytes: &[u8; 32]) -> Result<Value> {
        if self.unit.is_address() {
            let address = Address(*bytes);
            ensure!(self.unit == Unit::OptionalAddress || !address.is_none(), Refusal::OutOfBounds);
            return Ok(Value::Address(address));
        }
        let (number, rest) = bytes.split_first_chunk::<8>().ok_or(Refusal::OutOfBounds)?;
        ensure!(rest.iter().all(|byte| *byte == 0), Refusal::OutOfBounds);
        let number = u64::from_le_bytes(*number);
        self.require_within(number)?;
        Ok(Value::Number(number))
    }

    /// # Errors
    /// [`Refusal::OutOfBounds`], with the bound that is broken.
    pub fn require_within(&self, number: u64) -> Result<()> {
        if number < self.least {
            return Err(beyond(Refusal::OutOfBounds, number, self.least));
        }
        if number > self.most {
            return Err(beyond(Refusal::OutOfBounds, number, self.most));
        }
        Ok(())
    }

    /// Whether a change from one value to another has to wait. For a ramp the values are the targets.
    pub fn waits(&self, old: Value, new: Value) -> bool {
        match (old, new) {
            (Value::Number(old), Value::Number(new)) => self.class.waits(old, new),
            _ => true,
        }
    }

    /// The value in force; of a ramp, the value that it moves to.
    ///
    /// # Errors
    /// The target is not on the board, or its account is missing.
    pub fn read(&self, target: &mut Target) -> Result<Value> {
        Ok(Value::Number(match self.place {
            Place::U8(find) => u64::from(*find(target)?),
            Place::U32(find) => u64::from(*find(target)?),
            Place::U64(find) => *find(target)?,
            Place::Ratio(find) => u64::from(find(target)?.get()),
            Place::SizeFactor(find) => u64::from(find(target)?.get()),
            Place::Tokens(find) => find(target)?.get(),
            Place::Quote(find) => u64::try_from(find(target)?.get()).map_err(|_| Refusal::Overflow)?,
            Place::Ramp(find) => u64::from(find(target)?.to),
            Place::Bits(mask, find) => u64::from(*find(target)? & mask == mask),
            Place::Address(find) => return Ok(Value::Address(*find(target)?)),
        }))
    }

    /// Writes a value; a ramp starts from its present value, or arrives at once where `ramp_seconds` is 0.
    ///
    /// # Errors
    /// The target is not on the board, its account is missing, or the value is of another kind.
    pub(super) fn write(&self, target: &mut Target, value: Value, now: i64, ramp_seconds: u32) -> Result<()> {
        let number = match (value, self.place) {
            (Value::Address(address), Place::Address(find)) => {
                *find(target)? = address;
                return Ok(());
            }
            (Value::Number(number), _) => number,
            _ => return Err(refuse(Refusal::OutOfBounds)),
        };
        let short = || u32::try_from(number).map_err(|_| Refusal::OutOfBounds);
        match self.place {
            Place::U8(find) => *find(target)? = u8::try_from(number).map_err(|_| Refusal::OutOfBounds)?,
            Place::U32(find) => *find(target)? = short()?,
            Place::U64(find) => *find(target)? = number,
            Place::Ratio(find) => *find(target)? = Ratio::new(short()?),
            Place::SizeFactor(find) => *find(target)? = SizeFactor::new(short()?),
            Place::Tokens(find) => *find(target)? = TokenAmount::new(number),
            Place::Quote(find) => {
                *find(target)? = Quote::new(i64::try_from(number).map_err(|_| Refusal::OutOfBounds)?);
            }
            Place::Ramp(find) => {
                let ramp = find(target)?;
                *ramp = match ramp_seconds {
                    0 => Ramp::constant(short()?),
                    _ => ramp.retarget(now, short()?, ramp_seconds),
                };
            }
            Place::Bits(mask, find) => {
                let bits = find(target)?;
                *bits = if number == 0 { *bits & !mask } else { *bits | mask };
            }
            Place::Address(_) => return Err(refuse(Refusal::OutOfBounds)),
        }
        Ok(())
    }
}
