//! A password that is not known any more. Changing a known one is in `flows/account/password`.

pub mod reset;
