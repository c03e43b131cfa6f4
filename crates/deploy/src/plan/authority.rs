//! Who may do what: the power to replace the program, the admin's role, and mainnet's conditions (DESIGN §9).

use super::{Plan, Step};
use crate::{
    Fault, Manifest, State,
    chain::Network,
    manifest::{Cluster, UpgradeAuthority},
    state::Upgrade,
};
use solana_pubkey::Pubkey;

/// That the manifest is for this network, and that nobody who could void its rules stays behind.
///
/// # Errors
/// [`Fault::Refused`].
pub fn require(manifest: &Manifest, state: &State, signer: Option<Pubkey>) -> Result<(), Fault> {
    let fits = match state.network {
        Network::Mainnet => manifest.cluster == Cluster::Mainnet,
        Network::Devnet => manifest.cluster == Cluster::Devnet,
        Network::Testnet => false,
        // Rehearsals of any manifest but those with keys that everybody knows are as real as their network.
        Network::Private => true,
    };
    if !fits {
        return Err(Fault::Refused(format!(
            "the manifest is for {}, this network is {:?}",
            manifest.cluster, state.network
        )));
    }
    let Some(wanted) = manifest.upgrade.filter(|_| manifest.cluster == Cluster::Mainnet) else {
        return Ok(());
    };
    match state.upgrade {
        Upgrade::NoProgram => Ok(()),
        Upgrade::Final if state.exchange.is_none() => Err(Fault::refused(
            "the program is final and has no exchange: creating one needs its upgrade authority, and there is none",
        )),
        found if stands(found, wanted) => Ok(()),
        // Creating the exchange needs the upgrade authority's signature; it is handed over before any money can come in.
        Upgrade::Key(key) if !state.is_open() && signer.is_none_or(|signer| signer == key) => Ok(()),
        Upgrade::Key(key) => Err(Fault::Refused(format!(
            "mainnet: {key} can replace the program, and is neither {} nor whoever deploys during set-up",
            told(wanted)
        ))),
        Upgrade::Final => {
            Err(Fault::Refused(format!("mainnet: the program is final, the manifest says {}", told(wanted))))
        }
    }
}

fn stands(found: Upgrade, wanted: UpgradeAuthority) -> bool {
    match found {
        Upgrade::Key(key) => wanted.key() == Some(key),
        Upgrade::Final => wanted == UpgradeAuthority::Final,
        Upgrade::NoProgram => false,
    }
}

fn told(wanted: UpgradeAuthority) -> String {
    wanted.key().map_or_else(|| "final".into(), |key| format!("the timelocked multisig {key}"))
}

/// Ends of a deployment: the program's upgrade authority, the admin's role, the opening.
pub fn steps(manifest: &Manifest, state: &State, plan: &mut Plan) {
    if let Some(wanted) = manifest.upgrade.filter(|wanted| !stands(state.upgrade, *wanted)) {
        plan.steps.push(Step::HandOver(wanted));
    }
    admin(manifest, state, plan);
    if manifest.roles.open && !state.is_open() {
        plan.steps.push(Step::Open);
    }
}

/// The role changes hands in two steps; the second is the nominee's.
fn admin(manifest: &Manifest, state: &State, plan: &mut Plan) {
    let Some(wanted) =
        plan.signer.map_or_else(|| manifest.roles.admin.named(), |it| Some(manifest.roles.admin.key(it)))
    else {
        return;
    };
    let Some(exchange) = &state.exchange else {
        if plan.signer.is_some_and(|signer| signer != wanted) {
            plan.steps.push(Step::Nominate(wanted));
        }
        return;
    };
    if manifest.roles.admin.named().is_none() || exchange.admin.0 == wanted.to_bytes() {
        return;
    }
    if exchange.nominated_admin.0 != wanted.to_bytes() {
        plan.steps.push(Step::Nominate(wanted));
    } else if plan.signer == Some(wanted) && state.now >= exchange.admin_ready_at {
        plan.steps.push(Step::Accept(wanted));
    } else {
        let from = super::show::time(exchange.admin_ready_at);
        plan.notes.push(format!("{wanted} is nominated as admin and may accept from {from}"));
    }
}

/// The first step that the signer cannot take, and who could.
pub fn blocked(state: &State, plan: &Plan) -> Option<String> {
    let signer = plan.signer?;
    plan.steps.iter().find_map(|step| {
        let (role, key) = lacking(step, state, signer)?;
        Some(format!("{}: needs the signature of the {role}, {key}; {signer} is not", step.headline()))
    })
}

/// Whose signature a step needs that is not the signer's.
fn lacking(step: &Step, state: &State, signer: Pubkey) -> Option<(&'static str, Pubkey)> {
    let authority = match state.upgrade {
        Upgrade::Key(key) if key != signer => Some(("upgrade authority", key)),
        _ => None,
    };
    let Some(exchange) = &state.exchange else {
        return authority.filter(|_| matches!(step, Step::CreateExchange | Step::HandOver(_)));
    };
    let admin = Pubkey::from(exchange.admin.0);
    let as_admin = (admin != signer).then_some(("admin", admin));
    match step {
        Step::HandOver(_) => authority,
        Step::Change(change) if !change.parameter.is_for_admin_only() => {
            as_admin.filter(|_| exchange.risk_council.0 != signer.to_bytes())
        }
        Step::CreateMint(_) | Step::CreateExchange | Step::GrowBoard(_) | Step::GrowBook(..) => None,
        Step::ApplyQueued(_) | Step::Accept(_) => None,
        _ => as_admin,
    }
}
