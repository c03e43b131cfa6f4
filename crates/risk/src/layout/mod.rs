//! The bytes of everything that a margin check reads, frozen.
//!
//! Each struct here is plain old data that lies in an account as it stands: the program, the
//! clients and the keepers read the same fields. A struct declared with [`layout!`](crate::layout!)
//! also describes itself ([`Described`]), and from that description come the interface
//! definition for other languages and the test that freezes every offset.

pub mod account;
pub mod bank;
pub mod board;
pub mod feed;
pub mod market;

use crate::num::{Index, Lots, Price, Quote, Ratio, Shares, SizeFactor, StoredIndex, TokenAmount};
use bytemuck::{Pod, Zeroable};

/// An account address, as its 32 bytes: this crate knows no chain.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialOrd, Ord, Pod, Zeroable)]
pub struct Key(pub [u8; 32]);

impl PartialEq for Key {
    /// By words: on chain a sixth of what comparing their bytes costs.
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl core::hash::Hash for Key {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Key {
    /// The address of nobody: an unset role, an unused entry.
    pub const NONE: Self = Self([0; 32]);

    /// Whether it is this address.
    #[inline(always)]
    pub fn is(&self, address: &[u8; 32]) -> bool {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]): ([u64; 4], [u64; 4]) =
            (bytemuck::pod_read_unaligned(&self.0), bytemuck::pod_read_unaligned(address));
        a0 == b0 && a1 == b1 && a2 == b2 && a3 == b3
    }

    /// Whether nobody stands here.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Unsigned, 1 byte.
    U8,
    /// Unsigned, 2 bytes.
    U16,
    /// Unsigned, 4 bytes.
    U32,
    /// Signed, 4 bytes.
    I32,
    /// Unsigned, 8 bytes.
    U64,
    /// Signed, 8 bytes.
    I64,
    /// An account address.
    Key,
    /// So many of the same kind, one behind the other.
    Array(&'static Kind, usize),
    /// Another layout.
    Struct(&'static Layout),
}

/// A struct as it lies in memory.
#[derive(Debug)]
pub struct Layout {
    /// Its name.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its fields in order, without gaps.
    pub fields: &'static [Field],
}

/// One field of a [`Layout`].
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Where it begins, in bytes from the start of the struct.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
    /// What it holds.
    pub kind: Kind,
}

/// A type that can tell how it lies in memory.
pub trait Described {
    /// How it lies in memory.
    const KIND: Kind;
}

macro_rules! described_as {
    ($($kind:ident: $($ty:ty),+;)+) => {
        $($(impl Described for $ty { const KIND: Kind = Kind::$kind; })+)+
    };
}

described_as! {
    U8: u8;
    U16: u16;
    U32: u32, Ratio, SizeFactor;
    I32: i32, Lots;
    U64: u64, TokenAmount, Shares, Price;
    I64: i64, Quote;
    Key: Key;
}

impl<T: Described, const N: usize> Described for [T; N] {
    const KIND: Kind = Kind::Array(&T::KIND, N);
}

/// Declares structs that lie in accounts: C layout, plain old data, self-describing.
///
/// A struct with padding does not compile, so every byte belongs to a field.
#[macro_export]
macro_rules! layout {
    ($(
        $(#[$outer:meta])*
        pub struct $name:ident {
            $($(#[$inner:meta])* pub $field:ident: $ty:ty,)+
        }
    )+) => {$(
        $(#[$outer])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name {
            $($(#[$inner])* pub $field: $ty,)+
        }

        impl $name {
            /// How it lies in memory.
            pub const LAYOUT: $crate::layout::Layout = $crate::layout::Layout {
                name: stringify!($name),
                size: core::mem::size_of::<$name>(),
                fields: &[$($crate::layout::Field {
                    name: stringify!($field),
                    offset: core::mem::offset_of!($name, $field),
                    size: core::mem::size_of::<$ty>(),
                    kind: <$ty as $crate::layout::Described>::KIND,
                },)+],
            };
        }

        impl $crate::layout::Described for $name {
            const KIND: $crate::layout::Kind = $crate::layout::Kind::Struct(&$name::LAYOUT);
        }
    )+};
}

macro_rules! described_elsewhere {
    ($name:ident { $($field:ident: $ty:ty),+ $(,)? }) => {
        impl Described for $name {
            const KIND: Kind = Kind::Struct(&Layout {
                name: stringify!($name),
                size: core::mem::size_of::<$name>(),
                fields: &[$(Field {
                    name: stringify!($field),
                    offset: core::mem::offset_of!($name, $field),
                    size: core::mem::size_of::<$ty>(),
                    kind: <$ty as Described>::KIND,
                },)+],
            });
        }
    };
}

use crate::{outflow::OutflowWindow, ramp::Ramp};
described_elsewhere!(StoredIndex { low: u64, high: u64 });
described_elsewhere!(Ramp { from: u32, to: u32, start: i64, end: i64 });
described_elsewhere!(OutflowWindow { level: i64, base: u64, base_time: i64, updated_at: i64 });

// An index is computed with as one number and stored as two halves.
const _: () = assert!(core::mem::size_of::<Index>() == core::mem::size_of::<StoredIndex>());

#[cfg(test)]
mod frozen;
