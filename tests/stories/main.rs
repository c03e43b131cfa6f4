//! What users live through, on the compiled program. A test's name is the rule that it proves.

mod accounts;
mod bank_health;
mod deposits;
mod fallback_and_rewards;
mod governance;
mod interest;
mod parameters;
mod pauses;
mod prices;
mod repay;
mod setup;
mod tokens_accepted;
mod withdrawals;
mod wrong_accounts;
