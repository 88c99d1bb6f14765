//! The practices of safe logins, one file each.

mod https;
