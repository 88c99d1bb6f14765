//! What only development has.

mod forwarded_port;
mod mailbox;
