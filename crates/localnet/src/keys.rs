//! Keys of a local network, in files as Solana's tools read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use plimsoll_deploy::local;
use solana_keypair::{Keypair, write_keypair_file};

/// A key and where it was written.
pub struct Kept {
    pub key: Keypair,
    pub file: PathBuf,
}

/// A folder of keys.
pub struct Keys(PathBuf);

impl Keys {
    /// Makes the folder if it is missing.
    ///
    /// # Errors
    /// It is in a repository, where keys would be committed sooner or later.
    pub fn open(folder: Option<&Path>) -> Result<Self> {
        let usual = std::env::temp_dir().join("plimsoll-localnet");
        let folder = folder.unwrap_or(&usual);
        let folder = std::path::absolute(folder)?;
        if let Some(repository) = folder.ancestors().find(|above| above.join(".git").exists()) {
            let (folder, repository) = (folder.display(), repository.display());
            bail!("{folder} is in the repository {repository}: keep keys elsewhere, with --keys");
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Writes the key that everybody knows by a name: the same on every local network.
    pub fn keep(&self, name: &str) -> Result<Kept> {
        let (key, file) = (local::keypair(name), self.0.join(format!("{name}.json")));
        write_keypair_file(&key, &file)
            .map_err(|error| anyhow!("cannot write {}: {error}", file.display()))?;
        Ok(Kept { key, file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_keypair::{Signer, read_keypair_file};

    #[test]
    fn keys_are_kept_outside_of_repositories_only() -> Result<()> {
        let repository = std::env::temp_dir().join(format!("plimsoll-keys-{}", std::process::id()));
        fs::create_dir_all(repository.join(".git"))?;
        let error = Keys::open(Some(&repository.join("keys"))).err().map(|error| error.to_string());
        fs::remove_dir_all(&repository)?;
        assert!(error.is_some_and(|error| error.contains("keep keys elsewhere")));

        let folder = std::env::temp_dir().join(format!("plimsoll-kept-{}", std::process::id()));
        let kept = Keys::open(Some(&folder))?.keep("wallet-1")?;
        let read = read_keypair_file(&kept.file).map_err(|error| anyhow!("{error}"))?;
        fs::remove_dir_all(&folder)?;
        assert_eq!(read.pubkey(), kept.key.pubkey());
        Ok(())
    }
}
