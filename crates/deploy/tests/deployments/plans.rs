//! What a plan finds, and what applying it leaves.

use crate::{machine::Machine, manifest, migration, text};
use plimsoll_deploy::{Chain, Fault, Manifest, Plan, State, Step, apply};
use solana_keypair::{Keypair, Signer};

const DAY: i64 = 86_400;

pub fn plan(machine: &Machine, manifest: &Manifest, signer: &Keypair) -> Result<Plan, Fault> {
    Plan::of(manifest, &State::read(machine, manifest)?, Some(signer.pubkey()))
}

pub fn deploy(machine: &Machine, manifest: &Manifest, signer: &Keypair) -> Plan {
    match apply(manifest, machine, signer, &mut |_| {}) {
        Ok(left) => left,
        Err(fault) => panic!("{fault}"),
    }
}

/// A machine with the localnet's exchange on it, open.
fn deployed() -> (Machine, Keypair) {
    let deployer = Keypair::new();
    let machine = Machine::new(&deployer);
    deploy(&machine, &manifest(&[]), &deployer);
    (machine, deployer)
}

#[track_caller]
pub fn refused(outcome: Result<Plan, Fault>, why: &str) {
    match outcome {
        Err(Fault::Refused(what)) => assert!(what.contains(why), "{what}"),
        Err(other) => panic!("{other}"),
        Ok(plan) => panic!("not refused:\n{plan}"),
    }
}

#[test]
fn a_deployment_does_what_its_plan_says_and_a_second_one_has_nothing_to_do() {
    let deployer = Keypair::new();
    let (machine, manifest) = (Machine::new(&deployer), manifest(&[]));
    let before = plan(&machine, &manifest, &deployer).unwrap();
    assert!(before.to_string().contains("create the exchange"), "{before}");
    assert!(before.to_string().contains("then set BTC-PERP market.imr: 5 %"), "{before}");

    assert!(deploy(&machine, &manifest, &deployer).is_done());
    let state = State::read(&machine, &manifest).unwrap();
    assert!(state.is_open() && state.has_insurance);
    assert_eq!((state.feeds(), state.banks.len(), state.markets.len()), (3, 4, 3));
    let sol = &state.board().unwrap().markets[2];
    assert_eq!(u64::from(sol.imr.get()), (1 << 30) / 10, "10 %, rounded down");
    assert_eq!(state.markets[0].market.account_cap, 100_000_000, "10,000 BTC in lots of 0.0001");
    assert_eq!(state.markets[0].book, [51_200, 51_200, 40_960]);

    let sent = machine.sent.get();
    let again = deploy(&machine, &manifest, &deployer);
    assert_eq!(again.to_string(), "nothing to do\n");
    assert_eq!(machine.sent.get(), sent);
}

#[test]
fn it_carries_on_wherever_it_stopped() {
    let deployer = Keypair::new();
    let (machine, manifest) = (Machine::new(&deployer), manifest(&[]));
    let mut interruptions = 0;
    for most in (1..=3).cycle() {
        machine.left.set(most);
        match apply(&manifest, &machine, &deployer, &mut |_| {}) {
            Ok(left) => {
                assert!(left.is_done());
                break;
            }
            Err(fault) => assert!(fault.to_string().contains("the network went away"), "{fault}"),
        }
        interruptions += 1;
    }
    assert!(interruptions > 10, "{interruptions}");
    machine.left.set(usize::MAX);
    assert_eq!(plan(&machine, &manifest, &deployer).unwrap().to_string(), "nothing to do\n");
}

#[test]
fn tightening_is_at_once_and_loosening_waits_its_time() {
    let (machine, deployer) = deployed();
    let now = machine.now().unwrap();
    let changed = manifest(&[
        ("mmr = \"5 %\"", "mmr = \"6 %\""),
        ("account_cap = \"1,000,000 SOL\"", "account_cap = \"2,000,000 SOL\""),
    ]);
    let found = plan(&machine, &changed, &deployer).unwrap().to_string();
    let tightening = "change SOL-PERP market.mmr: 5 % → 6 %   (tightening, at once, along its ramp)";
    let loosening = "change SOL-PERP market.account_cap: 100,000,000 lots → 200,000,000 lots   (loosening, queued; may apply \
                     from 2027-01-17 08:00:00 UTC)";
    assert!(found.contains(tightening) && found.contains(loosening), "{found}");

    let left = deploy(&machine, &changed, &deployer);
    assert!(left.to_string().contains("already queued as 1; ready at 2027-01-17 08:00:00 UTC"), "{left}");
    assert!(left.to_string().ends_with("nothing to do\n"), "{left}");
    assert_eq!(left.waiting[0].ready_at, now + 2 * DAY);
    assert_eq!(left.json()["waiting"][0]["parameter"], "market.account_cap");

    machine.wait(2 * DAY - 1);
    assert!(plan(&machine, &changed, &deployer).unwrap().is_done());
    machine.wait(1);
    let ready = plan(&machine, &changed, &deployer).unwrap();
    assert!(matches!(ready.steps.as_slice(), [Step::ApplyQueued(it)] if it.number == 1), "{ready}");
    let done = deploy(&machine, &changed, &deployer);
    assert_eq!(done.to_string(), "nothing to do\n");
    assert_eq!(State::read(&machine, &changed).unwrap().markets[2].market.account_cap, 200_000_000);
}

#[test]
fn a_queued_change_that_expired_is_proposed_again() {
    let (machine, deployer) = deployed();
    let changed = manifest(&[("imr = \"10 %\"", "imr = \"12 %\"")]);
    deploy(&machine, &changed, &deployer);
    machine.wait(9 * DAY);
    let again = plan(&machine, &changed, &deployer).unwrap();
    assert!(again.to_string().contains("market.imr: 10 % → 12 %   (two-way, queued"), "{again}");
    assert_eq!(deploy(&machine, &changed, &deployer).waiting[0].number, 2);
}

#[test]
fn several_changes_of_one_transaction_are_queued_under_numbers_of_their_own() {
    let (machine, deployer) = deployed();
    let (from, to) = ("max_divergence = \"50 %\"", "max_divergence = \"20 %\"");
    let changed = manifest(&[(from, to), (from, to), (from, to)]);
    let sent = machine.sent.get();
    let left = deploy(&machine, &changed, &deployer);
    let numbers: Vec<u64> = left.waiting.iter().map(|waiting| waiting.number).collect();
    assert_eq!((numbers, machine.sent.get() - sent), (vec![1, 2, 3], 1));
}

#[test]
fn what_contradicts_a_value_in_force_follows_the_one_that_waits() {
    let (machine, deployer) = deployed();
    let changed = manifest(&[("imr = \"10 %\"", "imr = \"20 %\""), ("mmr = \"5 %\"", "mmr = \"10 %\"")]);
    let left = deploy(&machine, &changed, &deployer);
    assert!(
        left.to_string().contains("SOL-PERP market.mmr: 10 % follows later: now it would contradict"),
        "{left}"
    );
    machine.wait(2 * DAY);
    assert_eq!(deploy(&machine, &changed, &deployer).to_string(), "nothing to do\n");
}

#[test]
fn values_that_contradict_each_other_are_refused_with_their_line() {
    let (machine, deployer) = deployed();
    let changed = manifest(&[("mmr = \"5 %\"", "mmr = \"10 %\"")]);
    refused(
        plan(&machine, &changed, &deployer),
        "SOL-PERP market.mmr: 10 %: the program would refuse: Contradiction",
    );
    refused(plan(&machine, &changed, &deployer), "test.toml:");
    // It would be queued, and refused only when its time has come.
    let waiting = manifest(&[("imr = \"10 %\"", "imr = \"5 %\"")]);
    refused(plan(&machine, &waiting, &deployer), "SOL-PERP market.imr: 5 %: the program would refuse");
}

#[test]
fn what_can_never_change_is_refused() {
    let (machine, deployer) = deployed();
    for (from, to, why) in [
        (
            "lots_per_unit = 1_000",
            "lots_per_unit = 2_000",
            "ETH-PERP: lots_per_unit is 1000 on this chain, 2000 in the manifest",
        ),
        ("feed = \"ETH\"", "feed = \"SOL\"", "ETH: feed is 2 on this chain, 0 in the manifest"),
        ("mint = \"local:ETH\"", "mint = \"local:GOLD\"", "ETH: mint is"),
        (
            "mint = \"local:SOL\"\ndecimals = 9",
            "mint = \"local:SOL\"\ndecimals = 8",
            "SOL: decimals is 9 on this chain",
        ),
        ("token_program = \"token-2022\"", "token_program = \"token\"", "BTC: token program is"),
    ] {
        refused(plan(&machine, &manifest(&[(from, to)]), &deployer), why);
    }
    let sol = "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d";
    let btc = "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43";
    let swapped = manifest(&[(sol, "SWAPPED"), (btc, sol), ("SWAPPED", btc)]);
    refused(plan(&machine, &swapped, &deployer), "SOL: on this chain it is feed 1, in the manifest feed 0");
}

#[test]
fn what_is_added_later_is_created_and_its_loosening_waits() {
    let (machine, deployer) = deployed();
    let sol = migration("localnet.toml");
    let sol = sol.split_once("name = \"SOL-PERP\"").expect("a market").1;
    let more = format!("{}\n[[markets]]\nname = \"SOL-2\"{sol}", text(&[]));
    let more = Manifest::parse(&more, "test.toml").unwrap_or_else(|fault| panic!("{fault}"));
    let left = deploy(&machine, &more, &deployer);
    assert_eq!(State::read(&machine, &more).unwrap().markets.len(), 4);
    assert!(
        left.waiting.iter().any(|it| it.subject == "SOL-2" && it.parameter.name == "market.account_cap"),
        "{left}"
    );
    machine.wait(2 * DAY);
    let left = deploy(&machine, &more, &deployer);
    assert!(
        left.to_string().contains("SOL-2 market.imf: 40 ppm follows later"),
        "imf_maint is on its ramp: {left}"
    );
    machine.wait(DAY);
    assert_eq!(deploy(&machine, &more, &deployer).to_string(), "nothing to do\n");
    let fewer = plan(&machine, &manifest(&[]), &deployer).unwrap().to_string();
    assert!(fewer.contains("markets: 1 on this chain that the manifest does not name"), "{fewer}");
}

#[test]
fn the_manifests_for_public_networks_deploy_once_they_are_filled_in() {
    for name in ["devnet.toml", "mainnet.toml"] {
        let deployer = Keypair::new();
        let machine = Machine::new(&deployer);
        let mut text = migration(name);
        while let Some(at) = text.find("\"FILL IN") {
            let line = text[..at].rsplit('\n').next().expect("a line");
            let value = if line.starts_with("upgrade") || line.starts_with("switchboard") {
                String::from(if line.starts_with("upgrade") { "final" } else { "none" })
            } else {
                Keypair::new().pubkey().to_string()
            };
            let end = at + 1 + text[at + 1..].find('"').expect("a quote");
            text.replace_range(at..=end, &format!("\"{value}\""));
        }
        let manifest = Manifest::parse(&text, name).unwrap_or_else(|fault| panic!("{fault}"));
        for bank in &manifest.banks {
            machine.makes_mint(&bank.mint, bank.decimals);
        }
        let left = deploy(&machine, &manifest, &deployer);
        assert!(left.is_done() && left.waiting.is_empty(), "{name}: {left}");
        assert!(State::read(&machine, &manifest).unwrap().is_open());
    }
}

#[test]
fn whoever_cannot_take_a_step_is_told_who_can() {
    let (machine, deployer) = deployed();
    let stranger = Keypair::new();
    let changed = manifest(&[("mmr = \"5 %\"", "mmr = \"6 %\"")]);
    let found = plan(&machine, &changed, &stranger).unwrap();
    let expected = format!("needs the signature of the admin, {}", deployer.pubkey());
    assert!(found.blocked.is_some_and(|why| why.contains(&expected)));
    let sent = machine.sent.get();
    refused(apply(&changed, &machine, &stranger, &mut |_| {}), &expected);
    assert_eq!(machine.sent.get(), sent);
}

#[test]
fn the_admins_role_is_handed_over_in_two_steps() {
    let (deployer, heir) = (Keypair::new(), Keypair::new());
    let machine = Machine::new(&deployer);
    machine.enrich(&heir.pubkey());
    let to_heir = manifest(&[("admin = \"deployer\"", &format!("admin = \"{}\"", heir.pubkey()))]);
    let left = deploy(&machine, &to_heir, &deployer);
    assert!(left.to_string().contains("is nominated as admin"), "{left}");
    let accepting = plan(&machine, &to_heir, &heir).unwrap();
    assert!(matches!(accepting.steps.as_slice(), [Step::Accept(it)] if *it == heir.pubkey()), "{accepting}");
    assert_eq!(deploy(&machine, &to_heir, &heir).to_string(), "nothing to do\n");
    let admin = State::read(&machine, &to_heir).unwrap().exchange.unwrap().admin.0;
    assert_eq!(admin, heir.pubkey().to_bytes());
}
