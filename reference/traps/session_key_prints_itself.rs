//! actix-session 0.11: `SessionKey` is any text of up to 4064 bytes, and its `Debug` shows it. So
//! `src/web/session_store.rs` has no `#[instrument]`, and our `SessionId` has no `Debug`.
//! `src/accounts/session_id.rs::parse` accepts only an ID that the app can have made.

use actix_session::storage::{SessionKey, generate_session_key};

#[test]
fn debug_shows_the_whole_id() {
    let key = generate_session_key();
    assert!(format!("{key:?}").contains(key.as_ref()));
}

#[test]
fn any_text_is_a_key() {
    assert!(SessionKey::try_from("' or 1=1; --\0".to_owned()).is_ok());
    assert!(SessionKey::try_from("a".repeat(4065)).is_err());
}
