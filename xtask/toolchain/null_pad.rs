//! sBPF v3 puts read-only data at address 0, so the first constant would have the null address, which Rust may never
//! see in a reference. These bytes are linked first and nobody refers to them.
#![no_std]

#[unsafe(no_mangle)]
pub static SBF_NULL_PAD: [u8; 16] = [0; 16];
