//! Every way a transaction can end, on a clock of its own.

use crate::rpc::journey::{End, Heard, Journey, Pace, Step};
use solana_transaction::TransactionError;
use std::time::Duration;

const SEND: Step = Step::Send { is_rehearsed: true };
const RESEND: Step = Step::Send { is_rehearsed: false };
const SECOND: Duration = Duration::from_secs(1);

/// Lives through a journey by what is heard after each step: how it ended, and what was done when.
fn travels(
    mut journey: Journey,
    mut hears: impl FnMut(&Step, Duration) -> Heard,
) -> (End, Vec<(Duration, Step)>) {
    let (mut now, mut steps) = (Duration::ZERO, Vec::new());
    loop {
        match journey.next(now) {
            Step::End(end) => return (end, steps),
            Step::Wait(time) => {
                assert!(time > Duration::ZERO, "it never waits for nothing");
                now += time;
            }
            step => {
                journey.hears(now, hears(&step, now));
                steps.push((now, step));
                assert!(steps.len() < 10_000, "it comes to an end");
            }
        }
    }
}

fn usual() -> Journey {
    Journey::new(Pace::USUAL, false)
}

fn rejected(error: TransactionError) -> Heard {
    Heard::Rejected(error, Vec::new())
}

fn silence() -> Heard {
    Heard::Silence("no answer".to_owned())
}

fn count(steps: &[(Duration, Step)], of: &Step) -> usize {
    steps.iter().filter(|(_, step)| step == of).count()
}

#[test]
fn what_is_executed_at_once_costs_one_question() {
    let (end, steps) = travels(usual(), |step, _| match step {
        Step::Send { .. } => Heard::Taken,
        _ => Heard::Executed(Ok(())),
    });
    assert_eq!(end, End::Executed(Ok(())));
    let first = Pace::USUAL.first_question;
    assert_eq!(steps, [(Duration::ZERO, SEND), (first, Step::AskOutcome)]);
}

#[test]
fn questions_become_rarer_and_it_is_sent_again_while_it_can_be_executed() {
    let (end, steps) = travels(usual(), |step, now| match step {
        Step::Send { .. } => Heard::Taken,
        Step::AskOutcome if now < 9 * SECOND => Heard::Unknown,
        Step::AskOutcome => Heard::Executed(Ok(())),
        _ => Heard::Valid(true),
    });
    assert_eq!(end, End::Executed(Ok(())));
    let asked: Vec<Duration> =
        steps.iter().filter(|(_, it)| *it == Step::AskOutcome).map(|(at, _)| *at).collect();
    let pauses: Vec<Duration> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses.is_sorted() && pauses.first() == Some(&(2 * Pace::USUAL.first_question)));
    assert_eq!(pauses.last(), Some(&Pace::USUAL.longest_pause));
    assert_eq!((count(&steps, &SEND), count(&steps, &RESEND)), (1, 4), "every two seconds of nine");
    assert_eq!(count(&steps, &Step::AskValidity), 4, "it is asked before, each time");
}

#[test]
fn it_expires_only_after_a_last_question() {
    let expires = |last: Heard| {
        travels(usual(), move |step, now| match step {
            Step::Send { .. } => Heard::Taken,
            Step::AskValidity => Heard::Valid(now < 5 * SECOND),
            Step::AskOutcome if now < 6 * SECOND => Heard::Unknown,
            _ => last.clone(),
        })
    };
    let (end, steps) = expires(Heard::Unknown);
    assert_eq!((end, count(&steps, &RESEND)), (End::Expired, 2));
    assert_eq!(steps.last().map(|(_, step)| step), Some(&Step::AskOutcome));
    assert_eq!(expires(Heard::Executed(Ok(()))).0, End::Executed(Ok(())), "in its last block");
}

#[test]
fn what_is_in_a_block_that_does_not_count_yet_neither_expires_nor_is_sent_again() {
    let (end, steps) = travels(usual(), |step, now| match step {
        Step::Send { .. } => Heard::Taken,
        Step::AskOutcome if now < 20 * SECOND => Heard::Pending,
        Step::AskOutcome => Heard::Executed(Ok(())),
        _ => Heard::Valid(false),
    });
    assert_eq!((end, count(&steps, &RESEND)), (End::Executed(Ok(())), 0));
}

#[test]
fn a_durable_one_is_sent_until_its_nonce_is_advanced() {
    let durable = || Journey::new(Pace::USUAL, true);
    let lives = |advanced_at: Duration| {
        travels(durable(), move |step, now| match step {
            Step::Send { .. } => Heard::Taken,
            Step::AskOutcome => Heard::Unknown,
            _ => Heard::Valid(now < advanced_at),
        })
    };
    let (end, steps) = lives(300 * SECOND);
    assert_eq!((end, count(&steps, &RESEND)), (End::Expired, 149), "long after any block height");
    assert_eq!(lives(Duration::MAX).0, End::Waiting, "nobody waits for ever: it can still be executed");
}

#[test]
fn a_refusal_of_the_rehearsal_ends_it_unless_a_node_may_have_it_already() {
    let (end, _) = travels(usual(), |_, _| rejected(TransactionError::AccountNotFound));
    assert_eq!(end, End::Rejected(TransactionError::AccountNotFound, Vec::new()));
    for refusal in [TransactionError::AccountNotFound, TransactionError::BlockhashNotFound] {
        let mut sent = 0;
        let (end, _) = travels(usual(), |step, _| match step {
            Step::Send { .. } => {
                sent += 1;
                if sent == 1 { silence() } else { rejected(refusal.clone()) }
            }
            _ => Heard::Executed(Ok(())),
        });
        assert_eq!(end, End::Executed(Ok(())), "the first one had arrived");
    }
}

#[test]
fn it_is_built_anew_where_its_blockhash_is_unknown_and_it_never_left() {
    let (end, _) = travels(usual(), |_, _| rejected(TransactionError::BlockhashNotFound));
    assert_eq!(end, End::Stale);
}

#[test]
fn what_was_sent_before_is_asked_for() {
    let (end, _) = travels(usual(), |step, _| match step {
        Step::Send { .. } => rejected(TransactionError::AlreadyProcessed),
        _ => Heard::Executed(Err(TransactionError::AccountNotFound)),
    });
    assert_eq!(end, End::Executed(Err(TransactionError::AccountNotFound)));
}

#[test]
fn silence_is_borne_for_a_while_and_an_answer_begins_it_anew() {
    let (end, steps) = travels(usual(), |_, _| silence());
    assert_eq!(end, End::Lost("no answer".to_owned()));
    assert!(steps.last().is_some_and(|(at, _)| *at >= Pace::USUAL.silence));
    let (end, _) = travels(usual(), |step, now| match step {
        Step::Send { .. } => Heard::Taken,
        Step::AskOutcome if (20 * SECOND..21 * SECOND).contains(&now) => Heard::Unknown,
        _ if now < 45 * SECOND => silence(),
        _ => Heard::Executed(Ok(())),
    });
    assert_eq!(end, End::Executed(Ok(())));
}

#[test]
fn what_reached_nobody_ends_at_once_but_not_what_may_be_out() {
    let unreachable = || Heard::Unreachable("refused".to_owned());
    let (end, steps) = travels(usual(), |_, _| unreachable());
    assert_eq!((end, steps.len()), (End::Unreachable("refused".to_owned()), 1));
    let (end, _) = travels(usual(), |step, now| match step {
        Step::Send { .. } => Heard::Taken,
        _ if now < 10 * SECOND => unreachable(),
        _ => Heard::Executed(Ok(())),
    });
    assert_eq!(end, End::Executed(Ok(())));
}
