//! The flows, which are what people can do here: one file each, in folders as in the URL.
//!
//! Each file begins with its steps and the attacks on it. The page, the form and the handlers
//! follow. Flows do not call flows, except `start_session`, which begins every session.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod account;
pub mod app;
pub mod email {
    pub mod change;
    pub mod verify;
}
pub mod home;
pub mod login;
pub mod logout;
pub mod not_me;
pub mod password {
    pub mod reset;
}
pub mod register;
pub mod start_session;
pub mod sudo;
