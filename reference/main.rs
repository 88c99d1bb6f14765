//! Checks of what only this repository has: rules for code that people copy from, references in its
//! texts, the exercises, and the page about new projects.

mod exercises;
mod new_project;
#[allow(unreachable_pub, reason = "the browser tests share it")]
mod picture;
mod recipes;
mod references;
mod rules;
#[allow(dead_code, reason = "the house rules use the rest")]
#[path = "../tests/support/source.rs"]
mod source;
