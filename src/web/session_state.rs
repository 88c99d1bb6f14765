//! Converts between the map of actix-session and the columns `user_id` and `state` of a session.

use std::collections::HashMap;

use actix_session::storage::SessionKey;
use serde_json::Value;

use crate::accounts::session::Session;
use crate::accounts::session_id::SessionId;
use crate::accounts::user_id::UserId;

/// The map of actix-session: each value is a JSON text.
pub type State = HashMap<String, String>;

/// The key under which actix-identity keeps the user's ID. The database has it in `user_id` and
/// never in `state`, so no value that is stored in `state` can log anybody in.
const USER_ID: &str = "actix_identity.user_id";

/// The map for the handlers. `None` if `state` is not a JSON object.
pub fn to_map(session: &Session) -> Option<State> {
    let mut state: State = session
        .state
        .as_object()?
        .iter()
        .filter(|(name, _)| *name != USER_ID)
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    if let Some(user) = &session.user {
        state.insert(USER_ID.to_owned(), Value::String(user.id.to_string()).to_string());
    }
    Some(state)
}

/// The values of the columns: the user's ID, and the rest of the map as `state`.
///
/// # Errors
/// When a value is not JSON, or the user's ID is not a UUID.
pub fn from_map(mut state: State) -> Result<(Option<UserId>, Value), anyhow::Error> {
    let user_id = state.remove(USER_ID).map(|id| serde_json::from_str(&id)).transpose()?;
    let state = state
        .into_iter()
        .map(|(name, value)| Ok((name, serde_json::from_str(&value)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    Ok((user_id, Value::Object(state)))
}

/// The key that actix-session encrypts into the cookie.
///
/// # Errors
/// Never: an ID is shorter than the limit of actix-session.
pub fn to_key(id: &SessionId) -> Result<SessionKey, anyhow::Error> {
    SessionKey::try_from(id.as_str().to_owned()).map_err(Into::into)
}
