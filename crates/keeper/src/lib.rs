//! Keepers of Plimsoll: whoever keeps prices fresh, fills applied, accounts in danger liquidated and losses borne, for a fee.
//!
//! - [`store`] and [`ledger`]: the exchange in memory, laid out for valuing every account at once.
//! - [`chain`]: where accounts come from and transactions go; behind a node, or in this process for tests.
//! - [`ranking`], [`outlook`], [`case`](mod@case), [`liquidator`]: who is in danger, what can be done about it, and what it earns.
//! - [`duties`]: everything else, read off the chain.
//! - [`desk`], [`run`](mod@run), [`tally`]: what roles share, their loops, their counts.
//!
//! - [`pulse`]: who wakes when. [`answers`]: what is not asked twice. [`lock`]: one process a key and role.
//! - [`pyth`]: prices fetched and posted, for exchanges whose oracle accounts nobody else keeps.
//!
//! # What a restart leaves
//!
//! A keeper remembers nothing that counts: every decision is made of what is on chain, so one that was killed does nothing
//! twice when it starts again, and two that run at once only compete. A transaction that was under way when its sender was
//! killed goes through or does not; either way the next life reads what became of it. By role:
//!
//! - refresher, funding: what is not done is older, and done next. A price account half posted is closed by the next round.
//! - fills, triggers, settler, insurance: what waits stays where it waits, in its queue, its account, its market.
//! - liquidator: a flagged account stays flagged, at a fee that rises until somebody acts; what was taken over is a position
//!   in the keeper's account, given back whenever it is seen there.
//! - maker: orders rest at prices that get old. The next life quotes anew first of all; for when there is none,
//!   `maker.dead_man_seconds` has anyone cancel them, which every `triggers` keeper does.
//!
//! # Several at once
//!
//! Keepers do not know of each other. Among accounts about as near to liquidation each liquidator begins with somebody else;
//! the insurance driver leaves to liquidators what they do as well, unless nobody does it for ten seconds or the time to save
//! the account is over. What needs prices waits until the board has them, rather than being refused.
//!
//! # Metrics
//!
//! Prometheus finds them where `metrics` says:
//!
//! | name | labels | what |
//! |---|---|---|
//! | `plimsoll_keeper_transactions_total` | role, instruction, outcome | transactions by what became of them: `done`, `rehearsed`, `Network`, or the refusal's name |
//! | `plimsoll_keeper_errors_total` | name | the refusals and failures among them that nobody else explains |
//! | `plimsoll_keeper_profit_quote_total` | role, instruction | fees of liquidations that went through, native quote, as the engine sized them |
//! | `plimsoll_keeper_turn_seconds` | role | how long turns took, transactions included |
//! | `plimsoll_keeper_accounts` | | margin accounts in memory |
//! | `plimsoll_keeper_watched` | role | accounts and pockets near liquidation |
//! | `plimsoll_keeper_riskiest_load` | role | how near the nearest is: above 1 it may be liquidated; 0 with nobody near |
//! | `plimsoll_keeper_unvalued_total` | | accounts that could not be valued |
//! | `plimsoll_keeper_connections_lost_total` | | connections that broke |

pub mod answers;
pub mod case;
pub mod chain;
pub mod config;
pub mod desk;
pub mod duties;
pub mod ledger;
pub mod liquidator;
pub mod lock;
pub mod outlook;
pub mod pulse;
pub mod pyth;
pub mod ranking;
pub mod role;
pub mod run;
#[cfg(test)]
mod scene;
pub mod stop;
pub mod store;
pub mod tally;
