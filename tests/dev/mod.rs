//! Features that exist only in development.

mod forwarded_port;
mod mailbox;
