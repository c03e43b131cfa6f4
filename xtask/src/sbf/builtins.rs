//! What every program is linked with: memory functions, 128-bit arithmetic, and a pad at address 0.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{Folder, debian, emptied, recipe};
use crate::process::{cargo, run_logged};

const WIDE_OPERATIONS: [&str; 5] = ["multi3", "udivti3", "umodti3", "divti3", "modti3"];

pub fn build(folder: &Folder) -> Result<()> {
    let runtime = folder.path("runtime");
    emptied(&runtime)?;
    let source = fetch_source(folder)?;
    for file in ["lib.rs", "fp.rs"] {
        fs::copy(source.join(file), runtime.join(file))
            .with_context(|| format!("the builtins have no {file}"))?;
    }
    fs::remove_dir_all(folder.path("build-builtins"))?;

    let library = runtime.join("lib.rs");
    fs::write(&library, adapted(&fs::read_to_string(&library)?)?)?;
    let as_library = ["--edition=2021", "--crate-type=rlib", "--crate-name=solana_compiler_builtins"];
    run_logged(compile(folder, &runtime).args(as_library).arg(library), &folder.log())?;

    let pad = runtime.join("null_pad.rs");
    fs::write(&pad, recipe::NULL_PAD)?;
    let as_object = ["--edition=2021", "--crate-type=lib", "--emit=obj", "--crate-name=null_pad"];
    run_logged(compile(folder, &runtime).args(as_object).arg(pad), &folder.log())?;

    fs::write(runtime.join("wide_integers.ll"), wide_integers())?;
    Ok(())
}

/// Has cargo lay out the sources of solana-compiler-builtins.
fn fetch_source(folder: &Folder) -> Result<PathBuf> {
    let package = folder.path("build-builtins");
    emptied(&package)?;
    let manifest = format!(
        "[package]\nname = \"builtins\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n\
         [dependencies]\nsolana-compiler-builtins = \"={}\"\n",
        recipe::BUILTINS
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    fs::write(package.join("lib.rs"), "")?;
    run_logged(cargo().current_dir(&package).args(["vendor", "-q"]), &folder.log())?;
    Ok(package.join("vendor/solana-compiler-builtins/src"))
}

/// The crate with its 128-bit functions under private names, and ours appended.
fn adapted(source: &str) -> Result<String> {
    let exported = |name: &str| format!("#[unsafe(no_mangle)]\npub unsafe fn {name}(");
    let mut text = source.to_owned();
    for (name, private) in [("__multi3", "multiply"), ("__udivti3", "divide"), ("__umodti3", "remainder")] {
        ensure!(text.contains(&exported(name)), "solana-compiler-builtins has no {name} of the known form");
        let hidden = format!("#[inline(always)]\n#[allow(dead_code)]\nunsafe fn {private}(");
        text = text.replace(&exported(name), &hidden);
    }
    // An inlined function has no linkage to weaken.
    let weakened = "#[cfg_attr(feature = \"weak-linkage\", linkage = \"weak_odr\")]\n#[inline";
    text = text.replace(weakened, "#[inline");
    Ok(text + recipe::WIDE_INTEGERS)
}

fn compile(folder: &Folder, runtime: &Path) -> Command {
    let mut command = debian::command(debian::RUSTC);
    command.arg("--target").arg(folder.path("sbf-solana.json")).arg("--sysroot").arg(folder.path("sysroot"));
    command.args(recipe::CODE_GENERATION).args(["-Copt-level=3", "-Ccodegen-units=1"]);
    command.arg(format!("--remap-path-prefix={}=/runtime", runtime.display())).arg("--out-dir").arg(runtime);
    command
}

/// The block of wide_integers.ll once for each operation, with the module's head and attributes.
fn wide_integers() -> String {
    let layout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128";
    let mut text = format!("target datalayout = \"{layout}\"\ntarget triple = \"bpfel\"\n");
    for operation in WIDE_OPERATIONS {
        text += &recipe::WIDE_INTEGERS_IR.replace("OPERATION", operation);
    }
    text + "attributes #0 = { \"target-cpu\"=\"v4\" \"target-features\"=\"+allows-misaligned-mem-access\" }\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wide_operation_is_defined_for_llvm_and_implemented_in_rust() {
        let for_llvm = wide_integers();
        for operation in WIDE_OPERATIONS {
            assert!(for_llvm.contains(&format!("define i128 @__{operation}(")), "{operation} for LLVM");
            assert!(
                recipe::WIDE_INTEGERS.contains(&format!("fn plimsoll_{operation}(")),
                "{operation} in Rust"
            );
        }
    }

    #[test]
    fn another_release_of_the_builtins_is_refused() {
        assert!(adapted("#[unsafe(no_mangle)]\npub unsafe fn __something_else(").is_err());
    }
}
