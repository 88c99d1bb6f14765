//! The attacker's actions, a generator of random sequences, and simpler variants of a sequence that
//! fails.

use std::fmt;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// The most steps in a sequence.
const LONGEST: usize = 8;

/// Whose email address is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The email address whose account the attacker looks for.
    Target,
    /// The attacker's own; the attacker reads its mailbox.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Verify,
    Reset,
    NotMe,
}

/// Where a link was mailed: never to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The newest of its kind in the attacker's own mailbox, or an invented one if there is none.
    OwnMailbox,
    /// A used link of a third account.
    Used,
    /// An expired link of a third account.
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Register(Whose),
    /// `true`: with the password that the attacker registers with. `false`: with another one.
    LogIn(Whose, bool),
    AskForReset(Whose),
    Resend(Whose),
    /// In a session of the attacker's own, if this browser has one.
    AskForEmail(Whose),
    TypeCode(Whose),
    OpenLink(Kind, From),
    SubmitLink(Kind, From),
}

/// An action, and which of two browsers does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub browser: usize,
    pub action: Action,
}

/// The sequence of this seed; at least one of its actions concerns the target.
pub fn draw(seed: u64) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    loop {
        // The smaller of two numbers makes short sequences, which are cheap, more frequent.
        let [one, other] = [(); 2].map(|()| random.random_range(2..=LONGEST));
        let both = random.random_bool(0.5);
        let mut sequence: Vec<Step> = Vec::new();
        // Few random sequences would reach a page that needs a login.
        if random.random_bool(0.15) {
            let confirm = Action::SubmitLink(Kind::Verify, From::OwnMailbox);
            let asks = [Action::Register(Whose::Own), confirm, Action::AskForEmail(Whose::Target)];
            sequence.extend(asks.map(|action| Step { browser: 0, action }));
        }
        for _ in 0..one.min(other) {
            let likely = sequence.last().and_then(|last| follow_up(&mut random, *last));
            sequence.push(likely.unwrap_or_else(|| any(&mut random, both)));
        }
        if sequence.iter().any(|step| step.action.asks_about_the_target()) {
            return sequence;
        }
    }
}

fn any(random: &mut StdRng, both: bool) -> Step {
    let whose = if random.random() { Whose::Target } else { Whose::Own };
    let kind = *[Kind::Verify, Kind::Reset, Kind::NotMe].choose(random).expect("one");
    let from = *[From::OwnMailbox, From::Used, From::Expired].choose(random).expect("one");
    let action = match random.random_range(0..22) {
        0..5 => Action::Register(whose),
        5..10 => Action::LogIn(whose, random.random_bool(0.7)),
        10..12 => Action::AskForReset(whose),
        12..15 => Action::Resend(whose),
        15..17 => Action::TypeCode(whose),
        17..19 => Action::AskForEmail(whose),
        19 => Action::OpenLink(kind, from),
        _ => Action::SubmitLink(kind, from),
    };
    Step { browser: usize::from(both && random.random_bool(0.4)), action }
}

/// In half of the cases, an action that continues the last one in the same browser, if there is
/// one. Otherwise few random sequences would reach a login.
fn follow_up(random: &mut StdRng, last: Step) -> Option<Step> {
    use Action::{AskForEmail, AskForReset, LogIn, Register, Resend, SubmitLink, TypeCode};
    use Whose::{Own, Target};
    let likely: &[Action] = match last.action {
        Register(Own) => &[LogIn(Own, true), SubmitLink(Kind::Verify, From::OwnMailbox)],
        Register(Target) => &[LogIn(Target, true), TypeCode(Target), Resend(Target)],
        LogIn(_, true) => &[Resend(Target), AskForReset(Target), Register(Target)],
        SubmitLink(Kind::Verify, From::OwnMailbox) => &[AskForEmail(Target)],
        AskForEmail(Target) => &[AskForEmail(Target), Register(Target), AskForReset(Target)],
        AskForReset(Own) => &[SubmitLink(Kind::Reset, From::OwnMailbox)],
        _ => &[],
    };
    let action = *likely.choose(random).filter(|_| random.random())?;
    Some(Step { action, ..last })
}

/// Whether to replay this sequence with a used-up mail budget as well: one seed in three.
pub fn uses_up_mails(seed: u64, sequence: &[Step]) -> bool {
    seed.is_multiple_of(3) && sequence.iter().any(|step| step.action.writes_to_the_target())
}

/// Simpler variants of this sequence: one action less, or all in one browser.
pub fn simpler(sequence: &[Step]) -> Vec<Vec<Step>> {
    let without = |index| [&sequence[..index], &sequence[index + 1..]].concat();
    let mut all: Vec<Vec<Step>> = (0..sequence.len()).map(without).collect();
    if sequence.iter().any(|step| step.browser != 0) {
        all.push(sequence.iter().map(|step| Step { browser: 0, ..*step }).collect());
    }
    all
}

/// Whether all steps of `part` occur in `whole`, in this order. Then both failures probably have
/// the same cause.
pub fn contains(whole: &[Step], part: &[Step]) -> bool {
    let mut rest = part.iter().peekable();
    for step in whole {
        rest.next_if(|wanted| **wanted == *step);
    }
    rest.peek().is_none()
}

impl Action {
    fn asks_about_the_target(self) -> bool {
        match self {
            Self::Register(whose)
            | Self::LogIn(whose, _)
            | Self::AskForReset(whose)
            | Self::Resend(whose)
            | Self::AskForEmail(whose)
            | Self::TypeCode(whose) => whose == Whose::Target,
            Self::OpenLink(..) | Self::SubmitLink(..) => false,
        }
    }

    /// Whether this action may send a mail to the target.
    pub fn writes_to_the_target(self) -> bool {
        use Action::{AskForEmail, AskForReset, Register, Resend};
        [Register, AskForReset, Resend, AskForEmail]
            .map(|action| action(Whose::Target))
            .contains(&self)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = |whose| match whose {
            Whose::Target => "the target",
            Whose::Own => "an address of the attacker's own",
        };
        let link = |kind, from| {
            let from = match from {
                From::OwnMailbox => "the attacker's newest",
                From::Used => "a third account's used",
                From::Expired => "a third account's expired",
            };
            format!("{from} {kind:?} link")
        };
        write!(f, "browser {}: ", self.browser + 1)?;
        match self.action {
            Action::Register(whose) => write!(f, "register {}", address(whose)),
            Action::LogIn(whose, true) => {
                write!(f, "log in as {}, with the password of the attacker", address(whose))
            }
            Action::LogIn(whose, false) => {
                write!(f, "log in as {}, with a wrong password", address(whose))
            }
            Action::AskForReset(whose) => write!(f, "ask for a reset of {}", address(whose)),
            Action::Resend(whose) => write!(f, "resend the verification to {}", address(whose)),
            Action::AskForEmail(whose) => {
                write!(f, "ask to change the email to {}", address(whose))
            }
            Action::TypeCode(whose) => write!(f, "type a wrong code for {}", address(whose)),
            Action::OpenLink(kind, from) => write!(f, "open {}", link(kind, from)),
            Action::SubmitLink(kind, from) => write!(f, "open and submit {}", link(kind, from)),
        }
    }
}
