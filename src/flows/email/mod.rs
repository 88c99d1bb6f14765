//! What concerns an address: so far, that it is the visitor's own.

pub mod verify;
