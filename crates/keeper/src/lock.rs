//! One process a key and role: two by mistake would pay for the same work twice.

use crate::role::Role;
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    fs::{File, TryLockError},
    path::Path,
};

/// Locks that are held; given back at the end of the process, however it ends.
#[derive(Debug)]
pub struct Locks {
    _files: Vec<File>,
}

impl Locks {
    /// Takes a lock for each role, in files beside the key: `keeper.json.liquidator.lock`.
    ///
    /// # Errors
    /// Another process has one; files cannot be made there.
    pub fn take(keypair: &Path, roles: &BTreeSet<Role>) -> Result<Self> {
        let lock = |role: &Role| {
            let mut path = keypair.as_os_str().to_owned();
            path.push(format!(".{role}.lock"));
            let path = Path::new(&path);
            let file = File::create(path).with_context(|| format!("{}", path.display()))?;
            match file.try_lock() {
                Ok(()) => Ok(file),
                Err(TryLockError::WouldBlock) => {
                    bail!("another {role} runs with this key: {} is locked", path.display())
                }
                Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{}", path.display())),
            }
        };
        Ok(Self { _files: roles.iter().map(lock).collect::<Result<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_runs_once_with_a_key_and_again_after_its_end() {
        let name = format!("plimsoll-keeper-lock-{}.json", std::process::id());
        let keypair = std::env::temp_dir().join(name);
        let roles = |roles: &[Role]| roles.iter().copied().collect::<BTreeSet<Role>>();
        let first = Locks::take(&keypair, &roles(&[Role::Fills, Role::Liquidator])).expect("nobody has them");
        let again = Locks::take(&keypair, &roles(&[Role::Liquidator, Role::Maker]));
        assert!(again.expect_err("one is taken").to_string().contains("another liquidator runs"));
        let other = Locks::take(&keypair, &roles(&[Role::Maker]));
        assert!(other.is_ok(), "what was taken before the refusal is given back: {other:?}");
        drop(first);
        assert!(Locks::take(&keypair, &roles(&[Role::Fills, Role::Liquidator])).is_ok());
    }
}
