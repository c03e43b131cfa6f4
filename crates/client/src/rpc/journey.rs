//! A transaction on its way: what to do next, by what was heard and by how much time has passed.
//!
//! Knows neither a network nor a clock, so that every way it can end is a test of a few lines.

use solana_transaction::TransactionError;
use std::time::Duration;

/// How often things are done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// From sending to the first question what became of it; each further pause is twice as long.
    pub first_question: Duration,
    /// The longest pause between two questions.
    pub longest_pause: Duration,
    /// It is sent again after so long.
    pub resend: Duration,
    /// So long no node may be silent before nobody waits for an answer any more.
    pub silence: Duration,
    /// So long a durable transaction is sent again; it stays valid after that.
    pub durable: Duration,
    /// A blockhash is used for new transactions so long.
    pub blockhash: Duration,
    /// What others paid is asked again after so long.
    pub fees: Duration,
}

impl Pace {
    /// A node of a test network answers within milliseconds, the main network has a block every 400.
    pub const USUAL: Self = Self {
        first_question: Duration::from_millis(2),
        longest_pause: Duration::from_millis(400),
        resend: Duration::from_secs(2),
        silence: Duration::from_secs(30),
        durable: Duration::from_secs(600),
        blockhash: Duration::from_secs(1),
        fees: Duration::from_secs(5),
    };
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send it; the node rehearses it first, or does not.
    Send { is_rehearsed: bool },
    /// Ask what became of it.
    AskOutcome,
    /// Ask whether it can still be executed.
    AskValidity,
    /// Do nothing for so long.
    Wait(Duration),
    /// Nothing any more.
    End(End),
}

/// What was heard after a step.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// The node has taken it, or had it already.
    Taken,
    /// The node rehearsed it and did not take it; with its log.
    Rejected(TransactionError, Vec<String>),
    /// No node knows of it.
    Unknown,
    /// It is in a block that does not count yet.
    Pending,
    /// It was executed, well or not.
    Executed(Result<(), TransactionError>),
    /// Whether it can still be executed.
    Valid(bool),
    /// The question surely did not reach any node.
    Unreachable(String),
    /// No answer came: what was sent may have arrived, or not.
    Silence(String),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was executed, well or not.
    Executed(Result<(), TransactionError>),
    /// It was rehearsed and not taken; with the log.
    Rejected(TransactionError, Vec<String>),
    /// The node does not know its blockhash, and it was never out: it may be built anew.
    Stale,
    /// It was not executed, and cannot be any more.
    Expired,
    /// It was not executed yet, but still can be.
    Waiting,
    /// No node could be reached, and it never left.
    Unreachable(String),
    /// Nodes fell silent: it may be executed, or not.
    Lost(String),
}

/// A transaction on its way. Times are since it began.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    pace: Pace,
    is_durable: bool,
    /// Whether a node has taken it.
    is_taken: bool,
    /// Whether a node may have it.
    may_be_out: bool,
    /// Whether it was asked since it was sent what became of it.
    is_asked: bool,
    /// Whether it was asked since it was sent if it can still be executed, and it can.
    is_valid: bool,
    /// Whether it cannot be executed any more: one last question is left, what became of it.
    is_over: bool,
    pause: Duration,
    ask_at: Duration,
    send_at: Duration,
    answered_at: Duration,
    end: Option<End>,
}

impl Journey {
    /// One that begins now.
    pub const fn new(pace: Pace, is_durable: bool) -> Self {
        Self {
            pace,
            is_durable,
            is_taken: false,
            may_be_out: false,
            is_asked: false,
            is_valid: false,
            is_over: false,
            pause: pace.first_question,
            ask_at: Duration::MAX,
            send_at: Duration::ZERO,
            answered_at: Duration::ZERO,
            end: None,
        }
    }

    /// What to do now.
    pub fn next(&self, now: Duration) -> Step {
        if let Some(end) = &self.end {
            return Step::End(end.clone());
        }
        if self.is_durable && now >= self.pace.durable {
            return Step::End(End::Waiting);
        }
        if !self.is_over && now >= self.send_at {
            return match (self.is_taken, self.is_asked, self.is_valid) {
                (false, ..) => Step::Send { is_rehearsed: true },
                // However slow the node is, it is asked between two sends.
                (true, false, _) => Step::AskOutcome,
                (true, true, false) => Step::AskValidity,
                (true, true, true) => Step::Send { is_rehearsed: false },
            };
        }
        if now >= self.ask_at {
            return Step::AskOutcome;
        }
        let due = if self.is_over { self.ask_at } else { self.ask_at.min(self.send_at) };
        Step::Wait(due.saturating_sub(now))
    }

    /// Takes note of what came of a step.
    pub fn hears(&mut self, now: Duration, heard: Heard) {
        match heard {
            Heard::Unreachable(why) if !self.may_be_out => self.end = Some(End::Unreachable(why)),
            Heard::Unreachable(why) | Heard::Silence(why) => return self.is_left_alone(now, why),
            Heard::Taken | Heard::Rejected(TransactionError::AlreadyProcessed, _) => self.is_sent(now),
            // Another node has it perhaps: whether it was executed is asked, not guessed.
            Heard::Rejected(..) if self.may_be_out => self.is_sent(now),
            Heard::Rejected(TransactionError::BlockhashNotFound, _) => self.end = Some(End::Stale),
            Heard::Rejected(error, log) => self.end = Some(End::Rejected(error, log)),
            Heard::Executed(result) => self.end = Some(End::Executed(result)),
            Heard::Unknown if self.is_over => self.end = Some(End::Expired),
            Heard::Unknown => self.asks_later(now),
            Heard::Pending => {
                self.is_over = false;
                self.send_at = now.saturating_add(self.pace.resend);
                self.asks_later(now);
            }
            Heard::Valid(true) => self.is_valid = true,
            Heard::Valid(false) => (self.is_over, self.ask_at) = (true, now),
        }
        self.answered_at = now;
    }

    fn is_sent(&mut self, now: Duration) {
        if !self.is_taken {
            self.pause = self.pace.first_question;
            self.ask_at = now.saturating_add(self.pause);
        }
        (self.is_taken, self.may_be_out) = (true, true);
        (self.is_asked, self.is_valid) = (false, false);
        self.send_at = now.saturating_add(self.pace.resend);
    }

    fn asks_later(&mut self, now: Duration) {
        self.is_asked = true;
        self.pause = self.pause.saturating_mul(2).min(self.pace.longest_pause);
        self.ask_at = now.saturating_add(self.pause);
    }

    /// Whatever was done had no answer: it is done again after the longest pause, until nodes were silent too long.
    fn is_left_alone(&mut self, now: Duration, why: String) {
        self.may_be_out = true;
        if now.saturating_sub(self.answered_at) >= self.pace.silence {
            self.end = Some(End::Lost(why));
            return;
        }
        let later = now.saturating_add(self.pace.longest_pause);
        // Before any node has taken it there is nothing to ask for.
        self.ask_at = if self.is_taken { later } else { Duration::MAX };
        if self.send_at <= now {
            self.send_at = later;
        }
    }
}
