//! What the app does for its user: a file for each flow, at the path of the flow.

mod login;
mod logout;
