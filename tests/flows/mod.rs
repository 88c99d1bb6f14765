//! What the app does for its user: a file for each flow, at the path of the flow. Then what holds
//! for all of them: who may enter where, and what the operator does.

mod access;
mod account;
mod app;
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
