//! `cargo xtask idl`: the program's interface, and the TypeScript client made from it. Both are committed, so that
//! nobody needs a compiler to use them, and CI compares them with the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anchor_lang_idl::{
    build::IdlBuilder,
    types::{IdlInstructionAccountItem, IdlSeed},
};
use anyhow::{Context, Result, ensure};

use crate::{process::run, repository, typescript};

/// What is committed, and where a fresh copy of it is generated.
const COMMITTED: [(&str, &str); 2] =
    [("idl", "target/generated/idl"), ("clients/ts/generated", "target/generated/ts")];

/// Writes both, or fails if they differ from what the source says.
pub fn run_generators(check: bool) -> Result<()> {
    generate()?;
    for (committed, generated) in COMMITTED {
        let (committed, generated) = (repository::path(committed), repository::path(generated));
        if check {
            ensure!(
                files(&committed)? == files(&generated)?,
                "{} is out of date: run `cargo xtask idl`",
                committed.display()
            );
        } else {
            replace(&committed, &generated)?;
        }
    }
    Ok(())
}

fn generate() -> Result<()> {
    let folder = repository::path("target/generated");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let idl = folder.join("idl/plimsoll.json");
    fs::create_dir_all(folder.join("idl"))?;
    // anchor-lang-idl misreads the toolchain that rustup puts into the environment: a process without it does the work.
    let mut extract = Command::new(env::current_exe()?);
    extract.args(["extract-idl"]).arg(&idl).env_remove("RUSTUP_TOOLCHAIN");
    run(extract.env("CARGO_TARGET_DIR", repository::path("target/programs")))?;
    typescript::generate(&idl, &folder.join("ts"))
}

/// Asks the program's own code for its interface: it is compiled and run as a test.
pub fn extract(to: &Path) -> Result<()> {
    let program = repository::path("programs/plimsoll");
    let mut idl = IdlBuilder::new().program_path(program).cargo_args(vec!["--lib".to_owned()]).build()?;
    idl.instructions
        .iter_mut()
        .flat_map(|instruction| &mut instruction.accounts)
        .for_each(forget_misread_address);
    fs::write(to, serde_json::to_string_pretty(&idl)? + "\n")?;
    Ok(())
}

/// Anchor takes any seed that an account's data yields for that account's address: two seeds of one account mean that
/// it misread one. Callers then have to say the address, which beats a wrong one.
fn forget_misread_address(account: &mut IdlInstructionAccountItem) {
    let IdlInstructionAccountItem::Single(account) = account else { return };
    let Some(address) = &account.pda else { return };
    let named = || {
        address
            .seeds
            .iter()
            .filter_map(|seed| if let IdlSeed::Account(of) = seed { Some(&of.path) } else { None })
    };
    if named().collect::<BTreeSet<_>>().len() < named().count() {
        account.pda = None;
    }
}

/// Every file below a folder with its contents.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries = fs::read_dir(&next)
            .with_context(|| format!("no folder {}: run `cargo xtask idl`", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_owned(), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

fn replace(committed: &Path, generated: &Path) -> Result<()> {
    if committed.exists() {
        fs::remove_dir_all(committed)?;
    }
    for (inside, contents) in files(generated)? {
        let path = committed.join(inside);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(path, contents)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anchor_lang_idl::types::{IdlInstructionAccount, IdlPda, IdlSeedAccount};

    use super::*;

    fn seeded_by(paths: &[&str]) -> IdlInstructionAccountItem {
        let seed = |path: &&str| IdlSeed::Account(IdlSeedAccount { path: (*path).to_owned(), account: None });
        let pda = IdlPda { seeds: paths.iter().map(seed).collect(), program: None };
        let account = IdlInstructionAccount { name: "change".to_owned(), pda: Some(pda), ..EMPTY };
        IdlInstructionAccountItem::Single(account)
    }

    const EMPTY: IdlInstructionAccount = IdlInstructionAccount {
        name: String::new(),
        docs: Vec::new(),
        writable: false,
        signer: false,
        optional: false,
        address: None,
        pda: None,
        relations: Vec::new(),
    };

    fn keeps_its_address(paths: &[&str]) -> bool {
        let mut account = seeded_by(paths);
        forget_misread_address(&mut account);
        matches!(account, IdlInstructionAccountItem::Single(account) if account.pda.is_some())
    }

    #[test]
    fn only_an_address_with_one_seed_twice_is_forgotten() {
        assert!(keeps_its_address(&["exchange", "mint"]));
        assert!(!keeps_its_address(&["exchange", "exchange"]));
    }
}
