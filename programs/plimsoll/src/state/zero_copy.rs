//! The zero-copy layer: how plain layouts become accounts of this program.

/// Makes a self-describing layout an account: discriminator, owner, interface definition.
///
/// Discriminators are eight readable bytes, so that an account can be recognised in a dump.
macro_rules! account {
    ($name:ident, $discriminator:literal) => {
        impl anchor_lang::ZeroCopy for $name {}

        impl anchor_lang::Discriminator for $name {
            const DISCRIMINATOR: &'static [u8] = $discriminator;
        }

        impl anchor_lang::Owner for $name {
            fn owner() -> anchor_lang::prelude::Pubkey {
                $crate::ID
            }
        }

        impl $name {
            /// Bytes of the account, discriminator included.
            pub const SPACE: usize = 8 + core::mem::size_of::<$name>();

            /// Reads an account's data as a client gets it: `None` for another kind of account or a short one.
            pub fn from_account_data(data: &[u8]) -> Option<&Self> {
                if !data.starts_with($discriminator) {
                    return None;
                }
                bytemuck::try_from_bytes(data.get(8..Self::SPACE)?).ok()
            }
        }

        #[cfg(feature = "idl-build")]
        impl anchor_lang::IdlBuild for $name {
            fn create_type() -> Option<anchor_lang::idl::types::IdlTypeDef> {
                Some($crate::state::idl::type_of(stringify!($name), &$name::LAYOUT))
            }

            fn insert_types(
                types: &mut std::collections::BTreeMap<String, anchor_lang::idl::types::IdlTypeDef>,
            ) {
                $crate::state::idl::insert_types(&$name::LAYOUT, types);
            }

            fn get_full_path() -> String {
                String::from(stringify!($name))
            }
        }
    };
}

/// Makes a layout of the engine an account of this program: the same bytes under a name of its own.
macro_rules! account_around {
    ($(#[$outer:meta])* $name:ident, $layout:path, $discriminator:literal) => {
        $(#[$outer])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name(pub $layout);

        impl $name {
            /// How it lies in memory.
            pub const LAYOUT: plimsoll_risk::layout::Layout = <$layout>::LAYOUT;
        }

        impl core::ops::Deref for $name {
            type Target = $layout;
            fn deref(&self) -> &$layout {
                &self.0
            }
        }

        impl core::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $layout {
                &mut self.0
            }
        }

        account!($name, $discriminator);
    };
}

pub(crate) use {account, account_around};
