//! The kinds of second factors, from the one that works in every browser to the strongest one.
//!
//! A login asks for the first kind that the account has, and the account page suggests the last.
//! `REQUIRE_SECOND_FACTOR` leads to the first. What the pages of all kinds say about one is in its
//! file.

pub mod passkey;
pub mod totp;

use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::accounts::audit::FeatureKind;
use crate::accounts::second_factor::{self, SecondFactor};
use crate::accounts::user_id::UserId;

pub const KINDS: &[&Factor] = &[&totp::FACTOR, &passkey::FACTOR];

/// A kind of second factor.
pub struct Factor {
    /// `second_factors.kind`.
    pub kind: &'static str,
    /// The title of its page below `/account`, and the path.
    pub title: &'static str,
    pub page: &'static str,
    /// The link to that page, for an account that has none: as a button, and within a sentence.
    pub add: &'static str,
    pub set_up: &'static str,
    /// The page that asks for it after the password, and the link to that page.
    pub login_page: &'static str,
    pub login_link: &'static str,
    /// How well it protects an account, in whole sentences.
    pub strength: &'static str,
    /// Why to set it up, for an account with another kind, and for one with none.
    pub advice: &'static str,
    pub offer: &'static str,
    /// The label of the field for its codes in sudo mode, if it has codes.
    pub code: Option<&'static str>,
    /// Its button in sudo mode, if it has one.
    pub button: Option<ScriptButton>,
    /// Its audit events.
    pub events: &'static [&'static FeatureKind],
}

/// A button for which a script talks to the authenticator: the macro `by_script` of
/// `templates/form.html`.
pub struct ScriptButton {
    /// A name in `static/`.
    pub script: &'static str,
    /// Where it sends its requests: `/start` and `/finish` are added.
    pub path: &'static str,
    pub text: &'static str,
}

/// The factors of one kind that an account has.
pub struct Owned {
    pub factor: &'static Factor,
    pub count: usize,
    /// When the latest one was set up.
    pub latest: OffsetDateTime,
}

/// The kinds that an account has, in the order of `KINDS`.
///
/// # Errors
/// When the database fails.
pub async fn owned_by(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<Owned>> {
    Ok(by_kind(&second_factor::of(db, user_id).await?))
}

/// The second factors of an account by their kind. One whose kind is not in `KINDS` is left out.
pub fn by_kind(all: &[SecondFactor]) -> Vec<Owned> {
    KINDS.iter().filter_map(|factor| of_kind(factor, all)).collect()
}

fn of_kind(factor: &'static Factor, all: &[SecondFactor]) -> Option<Owned> {
    let mut of_kind = all.iter().filter(|own| own.kind == factor.kind);
    let first = of_kind.next()?;
    let (count, latest) = of_kind.fold((1, first), |(count, _), own| (count + 1, own));
    Some(Owned { factor, count, latest: latest.created_at })
}

/// The audit event of a kind with this stored name.
pub fn event_named(name: &str) -> Option<&'static FeatureKind> {
    KINDS.iter().flat_map(|factor| factor.events).find(|event| event.name == name).copied()
}
