//! Our own sBPF toolchain, for machines where Solana's platform-tools are not installed.
//!
//! Upstream rustc can emit code for Linux's BPF, which is close to Solana's sBPF v3. What is missing is put together
//! here once, in a cache folder outside `target`: a `std` for it, a linker, and the few functions that LLVM expects.
//! The folder's name carries a hash of the recipe, so that a changed recipe never meets an old toolchain.

mod builtins;
pub mod debian;
mod linker;
pub mod recipe;
mod std_patch;
mod sysroot;

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

/// Said wherever this machine cannot do it.
const INSTEAD: &str = "install Solana's platform-tools instead: then `cargo build-sbf` is used";

/// A toolchain that is ready to use.
pub struct Toolchain {
    folder: PathBuf,
}

type Step = (&'static str, fn(&Folder) -> Result<()>);

/// In order: each needs those before it.
const STEPS: [Step; 5] = [
    ("rustc and its library source, from Debian", debian::install_rustc),
    ("LLVM 23, unpacked and not installed", debian::unpack_llvm),
    ("sbpf-linker, from source", linker::install),
    ("std for sBPF", sysroot::build),
    ("memory functions and 128-bit arithmetic", builtins::build),
];

impl Toolchain {
    /// The toolchain, set up first if it isn't there yet.
    pub fn ready() -> Result<Self> {
        let folder = Folder::locate()?;
        if !folder.is_complete() {
            folder.set_up()?;
        }
        Ok(Self { folder: folder.0 })
    }

    /// The target description: its name is also the name of cargo's folder for it.
    pub fn target(&self) -> PathBuf {
        self.folder.join("sbf-solana.json")
    }

    pub fn linker(&self) -> PathBuf {
        self.folder.join("bin/sbpf-ld")
    }

    pub fn sysroot(&self) -> PathBuf {
        self.folder.join("sysroot")
    }

    /// Changes whenever compiled code might.
    pub fn identity(&self) -> Result<String> {
        Ok(fs::read_to_string(Folder(self.folder.clone()).stamp())?)
    }
}

/// The cache folder while it is being filled.
pub struct Folder(PathBuf);

impl Folder {
    /// `PLIMSOLL_SBF_DIR`, or a folder of the user's cache.
    fn locate() -> Result<Self> {
        if let Some(chosen) = env::var_os("PLIMSOLL_SBF_DIR") {
            return Ok(Self(std::path::absolute(PathBuf::from(chosen))?));
        }
        let cache = match env::var_os("XDG_CACHE_HOME") {
            Some(cache) => PathBuf::from(cache),
            None => PathBuf::from(env::var_os("HOME").context("neither HOME nor PLIMSOLL_SBF_DIR is set")?)
                .join(".cache"),
        };
        Ok(Self(cache.join("plimsoll").join(format!("sbf-{}", recipe::hash()))))
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.join(inside)
    }

    fn log(&self) -> PathBuf {
        self.path("setup.log")
    }

    /// Written last, and only then: it holds the recipe's hash.
    fn stamp(&self) -> PathBuf {
        self.path("stamp")
    }

    fn is_complete(&self) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|stamp| stamp == recipe::hash())
    }

    /// Runs the steps that are not done, one process at a time.
    fn set_up(&self) -> Result<()> {
        let known = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        ensure!(known, "the toolchain is put together from Debian's x86-64 packages; {}", INSTEAD);
        fs::create_dir_all(&self.0).with_context(|| format!("could not create {}", self.0.display()))?;
        let lock = File::create(self.path("lock"))?;
        lock.lock()?; // held until this process ends or the function returns
        if self.is_complete() {
            return Ok(()); // another process did it while this one waited
        }
        println!("Setting up the sBPF toolchain in {} (once, a few minutes)", self.0.display());
        let began = Instant::now();
        for (position, (what, step)) in STEPS.iter().enumerate() {
            self.once(position, what, *step, began)?;
        }
        fs::write(self.stamp(), recipe::hash())?;
        println!("{} the sBPF toolchain is ready", elapsed(began));
        Ok(())
    }

    /// A step that was completed with this recipe is not run again, so that an interrupted set-up resumes.
    fn once(&self, position: usize, what: &str, step: fn(&Self) -> Result<()>, began: Instant) -> Result<()> {
        let mark = self.path(&format!("step-{}", position + 1));
        if fs::read_to_string(&mark).is_ok_and(|done| done == recipe::hash()) {
            return Ok(());
        }
        println!("{} {}/{} {what}", elapsed(began), position + 1, STEPS.len());
        step(self).with_context(|| format!("setting up the sBPF toolchain: {what}"))?;
        fs::write(mark, recipe::hash())?;
        Ok(())
    }
}

fn elapsed(began: Instant) -> String {
    format!("[{:4}s]", began.elapsed().as_secs())
}

/// An empty folder, whatever was there.
fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))
}
