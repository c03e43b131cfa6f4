//! Where money is real, nobody may be left who could replace the program alone (DESIGN §9).

use crate::{
    machine::Machine,
    manifest,
    plans::{deploy, plan, refused},
    text,
};
use plimsoll_client::addresses;
use plimsoll_deploy::{Manifest, Network, State, Step, Upgrade, apply, local};
use solana_keypair::{Keypair, Signer};
use solana_pubkey::Pubkey;

/// An address of a program, as a multisig's is.
fn multisig() -> Pubkey {
    addresses::insurance(&Pubkey::default()).address()
}

/// The localnet's manifest as one for mainnet, with these lines about the program.
fn real(program: &str) -> String {
    let cluster = format!("cluster = \"mainnet\"\n\n[program]\n{program}");
    ["USDC", "SOL", "BTC", "ETH", "guardian"].iter().fold(
        text(&[("cluster = \"localnet\"", &cluster)]),
        |text, name| {
            text.replace(&format!("\"local:{name}\""), &format!("\"{}\"", local::keypair(name).pubkey()))
        },
    )
}

fn with_multisig() -> Manifest {
    read(&real(&format!("upgrade_authority = \"{}\"\ntimelock_seconds = \"3 d\"", multisig())))
}

fn read(text: &str) -> Manifest {
    match Manifest::parse(text, "mainnet.toml") {
        Ok(manifest) => manifest,
        Err(fault) => panic!("{fault}"),
    }
}

/// A mainnet with the tokens on it.
fn mainnet() -> (Machine, Keypair) {
    let deployer = Keypair::new();
    let machine = Machine::new(&deployer);
    machine.left.set(4); // the mints, which come first
    assert!(apply(&manifest(&[]), &machine, &deployer, &mut |_| {}).is_err());
    machine.left.set(usize::MAX);
    machine.network.set(Network::Mainnet);
    (machine, deployer)
}

#[test]
fn the_upgrade_authority_goes_before_the_exchange_opens() {
    let (machine, deployer) = mainnet();
    let manifest = with_multisig();
    let mut steps = Vec::new();
    apply(&manifest, &machine, &deployer, &mut |step| steps.push(step.clone()))
        .unwrap_or_else(|fault| panic!("{fault}"));
    assert!(matches!(steps.as_slice(), [.., Step::HandOver(_), Step::Open]));
    let state = State::read(&machine, &manifest).unwrap();
    assert_eq!((state.upgrade, state.is_open()), (Upgrade::Key(multisig()), true));
    assert_eq!(plan(&machine, &manifest, &deployer).unwrap().to_string(), "nothing to do\n");
}

#[test]
fn a_program_can_be_made_final() {
    let (machine, deployer) = mainnet();
    let manifest = read(&real("upgrade_authority = \"final\""));
    deploy(&machine, &manifest, &deployer);
    assert_eq!(State::read(&machine, &manifest).unwrap().upgrade, Upgrade::Final);
    refused(
        plan(&machine, &with_multisig(), &deployer),
        "the program is final, the manifest says the timelocked multisig",
    );
}

#[test]
fn mainnet_is_refused_while_somebody_else_can_replace_the_program() {
    let (machine, deployer) = mainnet();
    machine.hand_over_program(&Keypair::new().pubkey());
    refused(plan(&machine, &with_multisig(), &deployer), "can replace the program");
    machine.hand_over_program(&deployer.pubkey());
    deploy(&machine, &with_multisig(), &deployer);
    machine.hand_over_program(&deployer.pubkey());
    refused(plan(&machine, &with_multisig(), &deployer), "can replace the program");
}

#[test]
fn other_manifests_are_refused_on_mainnet_whatever_its_address_is_called() {
    let (machine, deployer) = mainnet();
    refused(
        plan(&machine, &manifest(&[]), &deployer),
        "the manifest is for localnet, this network is Mainnet",
    );
}

#[test]
fn a_manifest_for_mainnet_names_a_multisig_that_waits_long_enough() {
    let person = Keypair::new().pubkey();
    for (program, why) in [
        ("", "missing field `upgrade_authority`"),
        (&*format!("upgrade_authority = \"{person}\"\ntimelock_seconds = \"3 d\""), "is one person's key"),
        (&*format!("upgrade_authority = \"{}\"", multisig()), "program.timelock_seconds: missing"),
        (
            &*format!("upgrade_authority = \"{}\"\ntimelock_seconds = \"1 d\"", multisig()),
            "86400 s is shorter than exchange.timelock_seconds, 172800 s",
        ),
    ] {
        let fault = Manifest::parse(&real(program), "mainnet.toml").err().expect("a fault").to_string();
        assert!(fault.contains(why), "{fault}");
    }
    let none = real("").replace("[program]\n", "");
    let fault = Manifest::parse(&none, "mainnet.toml").err().expect("a fault").to_string();
    assert!(fault.contains("mainnet needs a timelocked multisig"), "{fault}");
}
