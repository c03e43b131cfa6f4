//! What the toolchain is made of. Whatever changes the result stands here or in `xtask/toolchain`.

use sha2::{Digest, Sha256};

/// Release of rustc whose `std` the patch fits.
pub const RUSTC: &str = "1.96";
/// Debian's packages of it: compiler, library source, cargo.
pub const RUSTC_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "cargo-web"];
/// Debian's package of the LLVM that the linker loads.
pub const LLVM_PACKAGE: &str = "libllvm23";
/// The suite of Debian that has it.
pub const LLVM_SUITE: &str = "sid";
pub const LINKER: &str = "0.2.6";
pub const BUILTINS: &str = "0.3.0";

pub const TARGET: &str = include_str!("../../toolchain/sbf-solana.json");
pub const LINKER_SCRIPT: &str = include_str!("../../toolchain/sbpf-ld");
pub const STD_ABI: &str = include_str!("../../toolchain/std_abi.rs");
pub const WIDE_INTEGERS: &str = include_str!("../../toolchain/wide_integers.rs");
pub const WIDE_INTEGERS_IR: &str = include_str!("../../toolchain/wide_integers.ll");
pub const NULL_PAD: &str = include_str!("../../toolchain/null_pad.rs");

/// What the compiler must do for every crate: sBPF has no atomics, no unwinding, and links from bitcode.
pub const CODE_GENERATION: [&str; 4] =
    ["-Zunstable-options", "-Cpanic=abort", "-Cpasses=lower-atomic", "-Cembed-bitcode=yes"];

/// What the linker must do: sBPF v3, its frame size, and none of the BPF instructions that sBPF lacks.
/// A larger frame than 4,096 bytes would link and then miscompile.
pub const LINKING: [&str; 7] = [
    "--arch=v3",
    "--llvm-args=-bpf-stack-size=4096",
    "--llvm-args=--bpf-max-stores-per-memfunc=5",
    "--llvm-args=--disable-gotox",
    "--llvm-args=--disable-ldsx",
    "--llvm-args=--disable-movsx",
    "--llvm-args=--disable-bswap",
];

/// Sixteen hexadecimal digits that change with anything above and with the code that applies it.
pub fn hash() -> String {
    let mut hasher = Sha256::new();
    let sources = [
        include_str!("recipe.rs"),
        include_str!("debian.rs"),
        include_str!("linker.rs"),
        include_str!("std_patch.rs"),
        include_str!("sysroot.rs"),
        include_str!("builtins.rs"),
        include_str!("../source_paths.rs"),
        TARGET,
        LINKER_SCRIPT,
        STD_ABI,
        WIDE_INTEGERS,
        WIDE_INTEGERS_IR,
        NULL_PAD,
    ];
    for source in sources {
        hasher.update(source.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
