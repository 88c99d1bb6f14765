//! What only development has.

mod mailbox;
