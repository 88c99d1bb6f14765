//! Converts between actix-session's map of JSON texts and a row: the state, and its user.

use std::collections::HashMap;

use actix_session::storage::SessionKey;
use serde_json::Value;
use uuid::Uuid;

use crate::accounts::session::Session;
use crate::accounts::session_id::SessionId;

/// As the crate hands it over: every value a JSON text of its own.
pub type State = HashMap<String, String>;

/// Where actix-identity keeps the user's ID. It comes from the column at load and goes back
/// there at save; in `state` it is never kept, so nothing stored there can log anybody in.
const USER_ID: &str = "actix_identity.user_id";

/// The map that handlers read; `None` for a row that cannot be read.
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

/// What the row stores: the user for its column, the rest for `state`.
pub fn from_map(mut state: State) -> Result<(Option<Uuid>, Value), anyhow::Error> {
    let user_id: Option<String> =
        state.remove(USER_ID).map(|id| serde_json::from_str(&id)).transpose()?;
    let user_id = user_id.as_deref().map(str::parse).transpose()?;
    let state = state
        .into_iter()
        .map(|(name, value)| Ok((name, serde_json::from_str(&value)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    Ok((user_id, Value::Object(state)))
}

pub fn to_key(id: &SessionId) -> Result<SessionKey, anyhow::Error> {
    SessionKey::try_from(id.as_str().to_owned()).map_err(Into::into)
}
