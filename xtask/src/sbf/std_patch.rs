//! The edits that make upstream `std` compile for Solana.
//!
//! Two facts shape them. A Solana program has one thread and no operating system, so `std` uses the platform layer of
//! zkvm, which assumes the same. And the loader refuses writable statics, so whatever counts or caches in one (panic
//! counts, hash seeds) is cut short before it is reached.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use super::recipe;

/// One replacement in one file of `library`.
struct Edit {
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const EDITS: [Edit; 6] = [
    // std builds as for a supported platform, otherwise every program would have to opt in to a "restricted" std.
    Edit {
        file: "std/build.rs",
        find: "|| target_os == \"zkvm\"",
        replace: "|| target_os == \"zkvm\"\n        || target_os == \"solana\"",
    },
    // What any allocation is aligned to without asking.
    Edit {
        file: "std/src/sys/alloc/mod.rs",
        find: "    target_arch = \"wasm64\",\n)) {\n    16",
        replace: "    target_arch = \"wasm64\",\n    target_arch = \"bpf\",\n)) {\n    16",
    },
    // A panic goes to the log and ends the transaction, past std's counters and hooks.
    Edit {
        file: "std/src/panicking.rs",
        find: "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n",
        replace: "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n    \
                  crate::sys::abi::panic_info(info);\n",
    },
    Edit {
        file: "std/src/panicking.rs",
        find: "    let must_abort = panic_count::increase(true);\n",
        replace: "    crate::sys::abi::panic_str(payload.as_str().unwrap_or(\"panic\"));\n    \
                  let must_abort = panic_count::increase(true);\n",
    },
    Edit {
        file: "std/src/alloc.rs",
        find: "pub fn rust_oom(layout: Layout) -> ! {\n",
        replace: "pub fn rust_oom(layout: Layout) -> ! {\n    \
                  crate::sys::abi::panic_str(\"Error: memory allocation failed, out of memory\");\n",
    },
    // Fixed seeds for hash maps: there is no randomness on chain and no thread to cache it in.
    Edit {
        file: "std/src/hash/random.rs",
        find: "pub fn new() -> RandomState {\n",
        replace: "pub fn new() -> RandomState {\n        \
                  return RandomState { k0: 0x736f_6c61_6e61_2d30, k1: 0x736f_6c61_6e61_2d31 };\n",
    },
];

/// Parts of std that choose a platform: Solana joins zkvm in each.
const PLATFORM_CHOICES: [&str; 8] =
    ["random", "pal", "env", "alloc", "stdio", "args", "io/error", "thread_local"];

/// Edits a copy of rustc's `library` folder in place.
pub fn apply(library: &Path) -> Result<()> {
    for part in PLATFORM_CHOICES {
        let file = format!("std/src/sys/{part}/mod.rs");
        edit(library, &file, |text| {
            let solana_too = "any(target_os = \"zkvm\", target_os = \"solana\")";
            text.contains("target_os = \"zkvm\"").then(|| text.replace("target_os = \"zkvm\"", solana_too))
        })?;
    }
    for change in EDITS {
        edit(library, change.file, |text| {
            text.contains(change.find).then(|| text.replacen(change.find, change.replace, 1))
        })?;
    }
    fs::write(library.join("std/src/sys/pal/zkvm/abi.rs"), recipe::STD_ABI)?;
    Ok(())
}

/// Rewrites one file; a place that isn't found means another release of rustc.
fn edit(library: &Path, file: &str, change: impl Fn(&str) -> Option<String>) -> Result<()> {
    let path = library.join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("std has no file {file}"))?;
    let changed = change(&text);
    ensure!(changed.is_some(), "std's {file} is not the one that this patch was written for");
    fs::write(path, changed.unwrap_or_default())?;
    Ok(())
}
