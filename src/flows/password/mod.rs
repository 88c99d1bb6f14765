//! Flows for a forgotten password. Changing a known one is in `flows/account/password`.

pub mod reset;
