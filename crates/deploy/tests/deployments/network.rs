//! Over JSON-RPC, on a local network where the program was deployed through the loader.

use crate::{elf, manifest};
use anyhow::{Result, ensure};
use plimsoll_deploy::{Plan, State, apply};
use plimsoll_localnet::{Network, deploy};
use solana_keypair::{Keypair, Signer};

#[test]
fn a_local_network_is_deployed_to_once_and_then_changed() -> Result<()> {
    let (network, deployer) = (Network::boot()?, Keypair::new());
    deploy::program(&network, &plimsoll::ID, &elf(), &deployer)?;
    let (chain, wanted) = (network.client(), manifest(&[]));
    let mut steps = 0;
    let left = apply(&wanted, &chain, &deployer, &mut |_| steps += 1)?;
    ensure!(left.is_done() && steps > 50, "{steps} steps\n{left}");

    let again = apply(&wanted, &chain, &deployer, &mut |step| panic!("{step}"))?;
    assert_eq!(again.to_string(), "nothing to do\n");

    let changed = manifest(&[("mmr = \"5 %\"", "mmr = \"6 %\"")]);
    let plan = Plan::of(&changed, &State::read(&chain, &changed)?, Some(deployer.pubkey()))?;
    assert_eq!(plan.steps.len(), 1, "{plan}");
    assert!(plan.to_string().contains("SOL-PERP market.mmr: 5 % → 6 %   (tightening"), "{plan}");
    assert!(apply(&changed, &chain, &deployer, &mut |_| {})?.is_done());
    Ok(())
}
