//! actix-session's store on PostgreSQL.
//!
//! actix-session calls the store with a key and a map of strings, without the request. The store
//! also needs the request's `RequestContext`: `load` puts the row there for the handlers, `save`
//! finds the user of a login there, and every method records a failure there, because actix-session
//! turns each into a bare 500. So `in_context`, a middleware around actix-session, keeps it in a
//! task-local that only this file reads.
//!
//! `docs/make-it-yours.md` lists what to copy with it ("Take the session store alone"). No
//! `#[instrument]` on these methods: `SessionKey` has `Debug`, so the log would hold session IDs.

use std::sync::Arc;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use anyhow::anyhow;

use super::error::Error;
use super::request_context::{RequestContext, Rotation, StaleCookie, StoreFailure};
use super::session_loads::SessionLoads;
use super::session_rotation;
use super::session_state::{State, from_map, to_key, to_map};
use crate::accounts::session::{self, NewSession};
use crate::accounts::session_id::SessionId;
use crate::config::{Lifetimes, Timeouts};
use crate::database::{self, Database};

tokio::task_local! {
    static CONTEXT: RequestContext;
}

/// Middleware around actix-session: makes the request's context known to the store.
pub async fn in_context(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let context = RequestContext::of(&req).map_err(Error::from)?;
    CONTEXT.scope(context, next.call(req)).await
}

fn context() -> anyhow::Result<RequestContext> {
    let context = CONTEXT.try_with(RequestContext::clone);
    context.map_err(|_| anyhow!("the session store is used outside of a request"))
}

pub struct PostgresStore {
    pub db: Database,
    pub loads: SessionLoads,
    pub lifetimes: Lifetimes,
}

impl SessionStore for PostgresStore {
    /// `None` for an ID that is unknown, expired, ended or unreadable. actix-session then drops the
    /// key, so it never adopts an ID that was not issued here (session fixation).
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let Some(id) = SessionId::parse(key.as_ref()) else { return Ok(None) };
        self.find(&context().map_err(LoadError::Other)?, id).await.map_err(LoadError::Other)
    }

    /// A new session: a login, or the first value that a visitor stores.
    async fn save(&self, mut state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        state.remove(session_rotation::MARK);
        let context = context().map_err(SaveError::Other)?;
        let (user_id, state) = from_map(state).map_err(SaveError::Serialization)?;
        let login = context.login.borrow().clone();
        let user = login.as_ref().map(|login| &login.user);
        if user.map(|user| user.id) != user_id {
            return Err(SaveError::Other(anyhow!("a login is begun by start_session only")));
        }
        let remembered = login.as_ref().is_some_and(|login| login.remembered);
        let timeouts = match user {
            Some(_) => self.lifetimes.of(remembered),
            None => Timeouts::ANONYMOUS,
        };
        let client = &context.client;
        let second_factor = login.as_ref().is_some_and(|login| login.second_factor);
        let new = NewSession { user, timeouts, remembered, second_factor, client, state: &state };
        let started = async {
            let mut tx = self.db.begin().await?;
            let started = session::start(&mut tx, new, self.lifetimes.sessions_per_user).await?;
            if let Some(replaced) = context.replaced.take() {
                session::replace(&mut tx, &replaced, started.as_ref()).await?;
            }
            tx.commit().await.map(|()| started)
        };
        let started = started.await.map_err(|error| SaveError::Other(failed(&context, error)))?;
        let id = started.ok_or_else(|| SaveError::Other(session_ended(&context)))?;
        tracing::info!(target: "security", event = "session_created", remembered);
        context.cookie_max_age.set(remembered.then_some(timeouts.absolute.as_secs() as i64));
        to_key(&id).map_err(SaveError::Other)
    }

    /// An UPDATE and never an INSERT: a session that ended while this request ran stays ended.
    /// Returns the ID for the cookie, which is a new one after a rotation.
    async fn update(
        &self,
        key: SessionKey,
        mut state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        state.remove(session_rotation::MARK);
        let context = context().map_err(UpdateError::Other)?;
        let (user_id, state) = from_map(state).map_err(UpdateError::Serialization)?;
        if let Rotation::Rotated(new) = context.rotation.take() {
            session_rotation::save(&self.db, &new, user_id, &state).await;
            return to_key(&new).map_err(UpdateError::Other);
        }
        let id = SessionId::parse(key.as_ref());
        let id = id.ok_or_else(|| UpdateError::Other(session_ended(&context)))?;
        let saved = session::save_state(&self.db, &id.hash(), user_id, &state).await;
        match saved.map_err(|error| UpdateError::Other(failed(&context, error)))? {
            true => Ok(key),
            false => Err(UpdateError::Other(session_ended(&context))),
        }
    }

    /// Does nothing: timeouts are columns of the row, and a load moves the idle timeout.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let Some(id) = SessionId::parse(key.as_ref()) else { return Ok(()) };
        let context = context()?;
        context.session.replace(None);
        if context.begins_session.get() {
            // `save` is called next. It ends the session in the transaction of the new one.
            context.replaced.set(Some(id.hash()));
            return Ok(());
        }
        let ended = session::end_by_id_hash(&self.db, &id.hash()).await;
        ended.map(drop).map_err(|error| failed(&context, error))
    }
}

impl PostgresStore {
    async fn find(
        &self,
        context: &RequestContext,
        id: SessionId,
    ) -> Result<Option<State>, anyhow::Error> {
        let found = self.loads.load(id.hash()).await.map_err(|error| failed(context, error))?;
        let Some(session) = found else {
            let rotated = session::was_rotated(&self.db, &id.hash()).await;
            let rotated = rotated.map_err(|error| failed(context, error))?;
            if !rotated {
                tracing::info!(target: "security", event = "session_use_after_expire");
            }
            let stale = if rotated { StaleCookie::Rotated } else { StaleCookie::Gone };
            context.stale_cookie.set(stale);
            return Ok(None);
        };
        let Some(state) = to_map(&session) else {
            // `LoadError::Deserialization` would keep the key alive with an empty state.
            tracing::error!(session = %session.id, "a session row cannot be read: ended");
            let ended = session::end(&self.db, session.id).await;
            ended.map_err(|error| failed(context, error))?;
            context.stale_cookie.set(StaleCookie::Gone);
            return Ok(None);
        };
        context.session.replace(Some(session));
        Ok(Some(state))
    }
}

/// Logs and records a failure of the database, which actix-session would hide.
fn failed(context: &RequestContext, error: impl Into<Arc<sqlx::Error>>) -> anyhow::Error {
    let error = error.into();
    tracing::error!(cause = %error, "the session store failed");
    if database::is_unavailable(&error) {
        context.store_failure.set(Some(StoreFailure::DatabaseUnavailable));
    }
    error.into()
}

/// Records that the session has ended, so this request's changes to it are lost.
fn session_ended(context: &RequestContext) -> anyhow::Error {
    context.store_failure.set(Some(StoreFailure::SessionEnded));
    anyhow!("the session ended while the request ran")
}
