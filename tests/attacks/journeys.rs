//! Journeys: account enumeration by a sequence of requests. For example, the attacker registers an
//! email address, and then logs in with the password just chosen.
//!
//! Why it matters: each response alone can be the same for everybody, while two in a row show who
//! has an account. So the test draws sequences of actions at random, and replays each against a
//! free, a taken, a pending and a locked email address, and one whose account has second factors.
//! All that the attacker sees must be equal.
//! So must the cost, because cost is time: runs of Argon2, statements that write, counted attempts.
//! Nor may the attacker see that an email address gets no more mails. The attacker may have an
//! account, but has neither the target's mailbox nor its password.
//! Stops in: `src/flows/register.rs`, `src/flows/login.rs`, `src/flows/password/reset.rs`,
//! `src/flows/email/verify.rs`, `src/flows/account/email.rs`.
//! Sources: ASVS 5.0 6.3.8; WSTG-IDNT-04; CWE-204, CWE-208.
//!
//! `JOURNEYS=5000` replays more sequences. `JOURNEYS_SEED=…` chooses the first one; a failure
//! prints the values to set.

mod actions;
mod replay_site;
mod transcript;
mod visitor;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use actions::{Action, Step, Whose, contains, draw, simpler, uses_up_mails};
use replay_site::{ReplaySite, State};
use transcript::{Difference, Half, Line, Seen, Transcript, first_difference};

/// How many sequences an ordinary run replays.
const SEQUENCES: u64 = 300;
/// How many sites replay concurrently. Each has its own database, so that each recorded statement
/// belongs to one replay.
const SITES: usize = 4;
/// How many sequences are replayed twice against the same state.
const TWINS: u64 = 10;
/// After so many failures, further ones are not shrunk.
const ENOUGH: usize = 3;

/// A sequence that shows who has an account, as short as `shrunk` can make it.
struct Failure {
    seed: u64,
    sequence: Vec<Step>,
    found: Found,
}

/// The first difference in one half of two transcripts, and the states that differ.
struct Found {
    half: Half,
    states: [State; 2],
    difference: Difference,
}

impl Found {
    /// A known failure may hide further ones of its class, but none of another class.
    fn class(&self) -> (Half, bool) {
        (self.half, self.states.contains(&State::MailsUsedUp))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_requests_shows_who_has_an_account() {
    let count = setting("JOURNEYS").unwrap_or(SEQUENCES);
    let first = setting("JOURNEYS_SEED").unwrap_or_else(|| rand::random::<u32>().into());
    println!("JOURNEYS={count} JOURNEYS_SEED={first}");
    let (next, failures) = (AtomicU64::new(first), Mutex::new(Vec::<Failure>::new()));
    let known = |sequence: &[Step], found: &Found| {
        let failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = failures.iter().filter(|known| known.found.class() == found.class());
        failures.len() >= ENOUGH || same.any(|known| contains(sequence, &known.sequence))
    };
    let replay_all = async |_| {
        let site = ReplaySite::start().await;
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= first + count {
                return;
            }
            let sequence = draw(seed);
            for found in differences(&site, seed, &sequence).await {
                if known(&sequence, &found) {
                    continue;
                }
                let failure =
                    shrunk(&site, Failure { seed, sequence: sequence.clone(), found }).await;
                if !known(&failure.sequence, &failure.found) {
                    failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                }
            }
        }
    };
    join_all((0..SITES).map(replay_all)).await;
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let reports: Vec<String> = failures.iter().map(Failure::report).collect();
    assert!(reports.is_empty(), "{} sequences tell:\n{}", reports.len(), reports.join("\n"));
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|e| panic!("{name}={value}: {e}")))
}

/// The first difference of each class.
async fn differences(site: &ReplaySite, seed: u64, sequence: &[Step]) -> Vec<Found> {
    use State::{Free, Locked, MailsUsedUp, Pending, Taken, WithFactors};
    // Each replay takes time, so these two take turns.
    let rarer = if seed.is_multiple_of(2) { Locked } else { WithFactors };
    let free = site.replay(sequence, Free).await;
    let taken = site.replay(sequence, Taken).await;
    let pending = site.replay(sequence, Pending).await;
    let of_rarer = site.replay(sequence, rarer).await;
    let mut all: Vec<Found> = Vec::new();
    for (state, other) in [(Taken, &taken), (Pending, &pending), (rarer, &of_rarer)] {
        for half in [Half::Visible, Half::Cost] {
            if all.iter().all(|found| found.half != half) {
                let difference = first_difference(&free, other, half);
                let found = |difference| Found { half, states: [Free, state], difference };
                all.extend(difference.map(found));
            }
        }
    }
    if uses_up_mails(seed, sequence) {
        // A mail that is not sent may cost less, but the responses must not show it.
        let used_up = site.replay(sequence, MailsUsedUp).await;
        let (half, states) = (Half::Visible, [Pending, MailsUsedUp]);
        let difference = first_difference(&pending, &used_up, half);
        all.extend(difference.map(|difference| Found { half, states, difference }));
    }
    all
}

/// Removes actions one by one, as long as the rest still shows a difference of this class.
async fn shrunk(site: &ReplaySite, mut failure: Failure) -> Failure {
    let class = failure.found.class();
    'shorter: loop {
        for sequence in simpler(&failure.sequence) {
            let found = differences(site, failure.seed, &sequence).await;
            if let Some(found) = found.into_iter().find(|found| found.class() == class) {
                failure = Failure { sequence, found, ..failure };
                continue 'shorter;
            }
        }
        return failure;
    }
}

impl Failure {
    fn report(&self) -> String {
        let Failure { seed, sequence, found: Found { half, states: [one, other], difference } } =
            self;
        let steps = sequence.iter().enumerate();
        let steps: String =
            steps.map(|(index, step)| format!("    {}. {step}\n", index + 1)).collect();
        let Difference { action, lines: [line, other_line] } = difference;
        format!(
            "\nJOURNEYS=1 JOURNEYS_SEED={seed}\n{steps}  {half:?}, action {}:\n    {one:?}: {line}\n    {other:?}: {other_line}",
            action + 1,
        )
    }
}

#[tokio::test]
async fn replays_for_two_free_emails_are_equal_and_a_longer_email_is_detected() {
    let site = ReplaySite::start().await;
    for seed in 0..TWINS {
        let sequence = draw(seed);
        let first = site.replay(&sequence, State::Free).await;
        let second = site.replay(&sequence, State::Free).await;
        for half in [Half::Visible, Half::Cost] {
            let difference = first_difference(&first, &second, half);
            assert!(difference.is_none(), "{half:?} of {sequence:?}: {difference:?}");
        }
    }
    let sequence = [Step { browser: 0, action: Action::Register(Whose::Target) }];
    let first = site.replay(&sequence, State::Free).await;
    let cost: Vec<&str> = first.actions[0].cost.iter().map(|line| line.text.as_str()).collect();
    assert!(cost.iter().any(|line| line.starts_with("insert into ")), "{cost:?}");
    assert!(cost.iter().any(|line| line.contains("1 counted")), "{cost:?}");
    let longer = site.replay_against(&sequence, "somebody.else@example.com").await;
    assert!(first_difference(&first, &longer, Half::Visible).is_some());
}

#[test]
fn transcripts_may_differ_in_elapsed_seconds_only() {
    let transcript = |text: &str, seconds| Transcript {
        actions: vec![Seen {
            visible: vec![Line { text: text.to_owned(), seconds }],
            cost: Vec::new(),
        }],
        took: Duration::ZERO,
    };
    let one = transcript("retry-after", Some(60));
    let differs = |other| first_difference(&one, &other, Half::Visible).is_some();
    assert!(!differs(transcript("retry-after", Some(59))));
    assert!(differs(transcript("retry-after", Some(58))));
    assert!(differs(transcript("retry-after", None)));
    assert!(differs(transcript("retry-before", Some(60))));
}
