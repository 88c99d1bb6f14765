//! Words of the pages by which tests find fields, buttons and links, and a few sentences that show
//! what happened. Here only, so that another wording changes one line.

// Fields.
pub const EMAIL: &str = "E-mail";
pub const PASSWORD: &str = "Password";
pub const NEW_PASSWORD: &str = "New password";
pub const CURRENT_PASSWORD: &str = "Current password";
pub const STAY_LOGGED_IN: &str = "Stay logged in on this device";
pub const CODE: &str = "Code";
pub const RESEND_TO: &str = "Send it again to";
pub const NOTE: &str = "Note";

// Buttons, and links of the same name.
pub const CREATE_ACCOUNT: &str = "Register";
pub const LOG_IN: &str = "Log in";
pub const LOG_OUT: &str = "Log out";
pub const CONFIRM: &str = "Confirm";
pub const CONFIRM_EMAIL: &str = "Confirm my email";
pub const RESEND: &str = "Send it again";
pub const SEND_LINK: &str = "Send the link";
pub const CHANGE_PASSWORD: &str = "Change password";
pub const NOT_ME: &str = "This was not me";
pub const SAVE_NOTE: &str = "Keep the note";

// Links.
pub const HOME_CREATE_ACCOUNT: &str = "Create an account";
pub const FORGOT_PASSWORD: &str = "Forgotten your password?";
pub const DASHBOARD: &str = "Dashboard";
pub const ACCOUNT: &str = "Account";
pub const CHANGE: &str = "Change";

// What happened.
pub const EMAIL_CONFIRMED: &str = "Your email is confirmed";
pub const WRONG_LOGIN: &str = "Wrong email or password.";
pub const WRONG_CURRENT_PASSWORD: &str = "This is not your current password.";
pub const PASSWORD_CHANGED: &str = "Your password is changed";
pub const LOGGED_OUT: &str = "You are logged out.";
pub const EVERYWHERE_LOGGED_OUT: &str = "Every device is logged out";
pub const NOT_SAVED: &str = "What you were sending was not saved.";
pub const NOTE_SAVED: &str = "The note is kept.";
pub const TRY_LATER: &str = "then try again.";
pub const DEAD_LINK: &str = "This link no longer works";
