//! How events are told cheaply.
//!
//! Borsh writes a number as its little-endian bytes and puts nothing between fields: in memory that is a packed struct.
//! So an event is written by a few stores instead of a growing `Vec`, and its bytes are what Anchor's `emit!` writes.

use anchor_lang::{prelude::Pubkey, solana_program::log::sol_log_data};
use bytemuck::NoUninit;

/// What an event may hold.
pub(super) trait Told {
    /// Its part in the packed event: as borsh writes it, a list's elements left out.
    type Packed: NoUninit;

    /// That part.
    fn packed(&self) -> Self::Packed;

    /// How many bytes a list's elements take; 0 for anything else.
    #[inline(always)]
    fn list_size(&self) -> usize {
        0
    }

    /// Writes a list's elements behind the packed event: a list is an event's last field.
    #[inline(always)]
    fn append_list(&self, _bytes: &mut Vec<u8>) {}

    /// One whose bytes all differ.
    #[cfg(test)]
    fn sample() -> Self;
}

macro_rules! as_they_are {
    ($($kind:ty),+) => {$(
        impl Told for $kind {
            type Packed = Self;

            #[inline(always)]
            fn packed(&self) -> Self {
                *self
            }

            #[cfg(test)]
            fn sample() -> Self {
                let bytes: [u8; size_of::<Self>()] = core::array::from_fn(|place| place.wrapping_add(1) as u8);
                bytemuck::checked::pod_read_unaligned(&bytes)
            }
        }
    )+};
}

as_they_are!(bool, u8, u16, u32, u64, u128, i32, i64, [u8; 32], Pubkey);

impl<Element: Told> Told for Vec<Element> {
    type Packed = u32;

    #[inline(always)]
    fn packed(&self) -> u32 {
        // Heap and log are smaller than 4 GiB.
        self.len() as u32
    }

    #[inline(always)]
    fn list_size(&self) -> usize {
        self.len().saturating_mul(size_of::<Element::Packed>())
    }

    #[inline]
    fn append_list(&self, bytes: &mut Vec<u8>) {
        for element in self {
            bytes.extend_from_slice(bytemuck::bytes_of(&element.packed()));
        }
    }

    #[cfg(test)]
    fn sample() -> Self {
        vec![Element::sample(), Element::sample(), Element::sample()]
    }
}

/// Writes an event into the transaction's log.
#[inline(never)]
pub(super) fn log(bytes: &[u8]) {
    sol_log_data(&[bytes]);
}

/// Defines what lists in events hold.
macro_rules! elements {
    ($(
        $(#[$($note:tt)*])*
        pub struct $name:ident {
            $($(#[$($about:tt)*])* pub $field:ident: $kind:tt,)+
        }
    )+) => {$(
        $(#[$($note)*])*
        pub struct $name {
            $($(#[$($about)*])* pub $field: $kind,)+
        }

        const _: () = {
            /// The element as borsh writes it.
            #[derive(Clone, Copy, bytemuck::NoUninit)]
            #[repr(C, packed)]
            pub struct Packed {
                $($field: $kind,)+
            }

            impl $crate::events::packed::Told for $name {
                type Packed = Packed;

                #[inline(always)]
                fn packed(&self) -> Packed {
                    Packed { $($field: self.$field,)+ }
                }

                #[cfg(test)]
                fn sample() -> Self {
                    Self { $($field: <$kind>::sample(),)+ }
                }
            }
        };
    )+};
}
pub(super) use elements;

/// Defines events: each gets a method that tells it.
macro_rules! events {
    ($(
        $(#[$($note:tt)*])*
        pub struct $name:ident {
            $($(#[$($about:tt)*])* pub $field:ident: $kind:tt $(<$element:ident>)?,)+
        }
    )+) => {$(
        $(#[$($note)*])*
        pub struct $name {
            $($(#[$($about)*])* pub $field: $kind $(<$element>)?,)+
        }

        const _: () = {
            use $crate::events::packed::{Told, log};
            use anchor_lang::Discriminator;

            /// The event as it is logged, its list left out.
            #[derive(Clone, Copy, bytemuck::NoUninit)]
            #[repr(C, packed)]
            struct Packed {
                discriminator: [u8; 8],
                $($field: <$kind $(<$element>)? as Told>::Packed,)+
            }

            impl $name {
                /// Writes the event into the transaction's log.
                #[inline(always)]
                pub fn tell(&self) {
                    self.with_bytes(log);
                }

                #[inline(always)]
                fn with_bytes(&self, take: impl FnOnce(&[u8])) {
                    let packed = self.packed();
                    let packed = bytemuck::bytes_of(&packed);
                    let lists = 0_usize $(.saturating_add(self.$field.list_size()))+;
                    if lists == 0 {
                        return take(packed);
                    }
                    let mut bytes = Vec::with_capacity(packed.len().saturating_add(lists));
                    bytes.extend_from_slice(packed);
                    $(self.$field.append_list(&mut bytes);)+
                    take(&bytes);
                }

                #[inline(always)]
                fn packed(&self) -> Packed {
                    const DISCRIMINATOR: [u8; 8] = {
                        let Some(first) = $name::DISCRIMINATOR.first_chunk::<8>() else { panic!() };
                        *first
                    };
                    Packed { discriminator: DISCRIMINATOR, $($field: self.$field.packed(),)+ }
                }
            }
        };
    )+

        #[cfg(test)]
        mod tests {
            use super::*;
            use $crate::events::packed::Told;
            use anchor_lang::Event as _;

            #[test]
            fn events_are_packed_as_anchor_writes_them() {
                $(
                    let sample = $name { $($field: <$kind $(<$element>)?>::sample(),)+ };
                    sample.with_bytes(|bytes| assert_eq!(bytes, sample.data(), stringify!($name)));
                )+
            }
        }
    };
}
pub(super) use events;
