//! Who may change what, and when (DESIGN §9).

pub mod accept_admin;
pub mod apply_change;
pub mod nominate_admin;
pub mod pause;
pub mod propose_change;
pub mod prove_life;
pub mod unpause;
pub mod veto_change;
pub mod withdraw_change;

pub use accept_admin::*;
pub use apply_change::*;
pub use nominate_admin::*;
pub use pause::*;
pub use propose_change::*;
pub use prove_life::*;
pub use unpause::*;
pub use veto_change::*;
pub use withdraw_change::*;
