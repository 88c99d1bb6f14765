//! Every test that talks to the app, in one binary: one link instead of many.
//!
//! `flows`: what the app does for its user, file by file as in `src/flows`. `practices`: the
//! practices of safe logins, one file each. `attacks`: what an attacker tries, nowhere else.
//! `mail`: from the outbox to the mail server. `dev`: the pages of development. `settings`: what
//! whoever runs it meets. `traps`: what the bare libraries do, and why some of our code is there.

mod support;

mod attacks;
mod dev;
mod flows;
mod mail;
mod practices;
mod settings;
mod traps;
