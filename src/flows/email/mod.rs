//! Flows about the email address of an account: so far, confirming it.

pub mod verify;
