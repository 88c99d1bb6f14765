//! What users can do: one file per flow, at the same path as in `src/flows`. The other files test
//! rules for all flows (access, limits) and what an operator does (restarts, keys).

pub mod access;
mod account;
pub mod app;
mod credential_changes;
mod email;
mod home;
mod imported_hashes;
mod key_rotation;
mod limits;
mod lock_order;
mod login;
mod logout;
mod not_me;
mod out_of_date;
mod password;
mod pruning;
mod quiet_log;
mod register;
mod restart;
mod session_ends;
mod start_session;
mod static_files;
mod sudo;
mod typed_fields;
mod walks;
