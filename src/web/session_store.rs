//! actix-session's store on PostgreSQL.
//!
//! The crate hands over a key and a map of strings, without the user, the timeouts or the request.
//! The rest is in `visit`, a task-local that `layer::complete` sets: `load` puts the row there for
//! the handlers, `save` reads there who logs in, and every method records its failures there,
//! because the crate turns any error of a store into a bare 500.
//!
//! README lists what to copy with it ("Take the session store alone"). No `#[instrument]` on these
//! methods: `SessionKey` has `Debug`, so the log would hold session IDs.

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use anyhow::anyhow;

use super::session_state::{State, from_map, to_key, to_map};
use super::visit::{self, Outcome, Renewal, Stale};
use crate::accounts::session::{self, NewSession, Session, Timeouts};
use crate::accounts::session_id::SessionId;
use crate::config::Lifetimes;
use crate::database::{Connection, Database, is_lost};

/// `layer::renew_in_place` inserts this key, so that actix-session calls `update` and sets the cookie.
pub const RENEWED: &str = "renewed";

pub struct PostgresStore {
    pub db: Database,
    pub lifetimes: Lifetimes,
}

impl SessionStore for PostgresStore {
    /// Unknown, expired, ended or unreadable: `None`, and the crate forgets the key, so an ID
    /// that was never issued is never adopted (session fixation).
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let Some(id) = SessionId::parse(key.as_ref()) else { return Ok(None) };
        let (mut db, found) = self.find(&id).await.map_err(LoadError::Other)?;
        let Some(session) = found else {
            let renewed = session::was_renewed(&mut db, &id.hash()).await;
            let renewed = renewed.map_err(visit::store_failed).map_err(LoadError::Other)?;
            if !renewed {
                tracing::info!(target: "security", event = "session_use_after_expire");
            }
            visit::with(|visit| visit.stale = if renewed { Stale::Renewed } else { Stale::Gone });
            return Ok(None);
        };
        let Some(state) = to_map(&session) else {
            // `LoadError::Deserialization` would keep the key alive with an empty state.
            tracing::error!(session = %session.id, "a session row cannot be read: ended");
            let ended = session::end(&mut db, session.id).await.map_err(visit::store_failed);
            ended.map_err(LoadError::Other)?;
            visit::with(|visit| visit.stale = Stale::Gone);
            return Ok(None);
        };
        if session.touch_due {
            touch(db, &id);
        }
        visit::with(|visit| visit.session = Some(session));
        Ok(Some(state))
    }

    /// A new session: a login, or the first value a visitor keeps.
    async fn save(&self, mut state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        state.remove(RENEWED);
        let (user_id, state) = from_map(state).map_err(SaveError::Serialization)?;
        let (login, client) = visit::with(|visit| (visit.login.clone(), visit.client.clone()))
            .ok_or_else(|| SaveError::Other(anyhow!("no visit")))?;
        let user = login.as_ref().map(|login| &login.user);
        if user.map(|user| user.id) != user_id {
            return Err(SaveError::Other(anyhow!("a session is only opened by start_session")));
        }
        let remembered = login.as_ref().is_some_and(|login| login.remembered);
        let timeouts = match user {
            Some(_) => self.lifetimes.of(remembered),
            None => Timeouts::ANONYMOUS,
        };
        let new = NewSession { user, timeouts, remembered, client: &client, state: &state };
        let started = async {
            let mut tx = self.db.begin().await?;
            let started = session::start(&mut tx, new, self.lifetimes.sessions_per_user).await?;
            tx.commit().await.map(|()| started)
        };
        let started = started.await.map_err(visit::store_failed).map_err(SaveError::Other)?;
        let id = started.ok_or_else(|| SaveError::Other(visit::session_gone(Outcome::Gone)))?;
        tracing::info!(target: "security", event = "session_created", remembered);
        visit::with(|visit| {
            visit.cookie_seconds = remembered.then_some(timeouts.absolute.as_secs() as i64);
            visit.session = None;
        });
        to_key(&id).map_err(SaveError::Other)
    }

    /// A plain UPDATE, never an insert: a session that was ended while this request ran stays
    /// ended. Returns the ID for the cookie, which is a new one after a renewal.
    async fn update(
        &self,
        key: SessionKey,
        mut state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        state.remove(RENEWED);
        let (user_id, state) = from_map(state).map_err(UpdateError::Serialization)?;
        let old = SessionId::parse(key.as_ref())
            .ok_or_else(|| UpdateError::Other(visit::session_gone(Outcome::Gone)))?;
        let renewal = visit::with(|visit| std::mem::take(&mut visit.renewal)).unwrap_or_default();
        if let Renewal::Done(new) = renewal {
            // Committed with the change: the browser needs the new ID, even if the rest is lost.
            let saved = session::save_state(&self.db, &new.hash(), user_id, &state).await;
            if let Err(error) = saved {
                tracing::warn!(%error, "the state of a session could not be saved");
            }
            return to_key(&new).map_err(UpdateError::Other);
        }
        let saved = session::save_state(&self.db, &old.hash(), user_id, &state).await;
        match saved.map_err(visit::store_failed).map_err(UpdateError::Other)? {
            true => Ok(key),
            false => Err(UpdateError::Other(visit::session_gone(Outcome::Gone))),
        }
    }

    /// Not needed: timeouts are columns of the row, and `touch` moves them.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let Some(id) = SessionId::parse(key.as_ref()) else { return Ok(()) };
        visit::with(|visit| visit.session = None);
        session::end_by_id_hash(&self.db, &id.hash()).await.map_err(visit::store_failed)
    }
}

impl PostgresStore {
    async fn find(&self, id: &SessionId) -> anyhow::Result<(Connection, Option<Session>)> {
        let find = async || {
            let mut db = self.db.acquire().await?;
            let found = session::find(&mut db, &id.hash()).await?;
            Ok((db, found))
        };
        let mut found = find().await;
        // Once more on a new connection. Only here: a write may have happened before the failure.
        if found.as_ref().is_err_and(is_lost) {
            found = find().await;
        }
        found.map_err(visit::store_failed)
    }
}

/// Detached: no answer waits for it. On the connection that loaded the session, because on a quiet
/// site there is no other one: an active user whose touches were skipped would be logged out.
fn touch(mut db: Connection, id: &SessionId) {
    let id_hash = id.hash();
    actix_web::rt::spawn(async move {
        if let Err(error) = session::touch(&mut db, &[id_hash]).await {
            tracing::warn!(%error, "a session could not be touched");
        }
    });
}
