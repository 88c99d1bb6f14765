//! Words of the pages by which tests find fields, buttons and links, and a few sentences that show
//! what happened. Here only, so that another wording changes one line.

// Fields.
pub const EMAIL: &str = "Email";
pub const PASSWORD: &str = "Password";
pub const NEW_EMAIL: &str = "New email";
pub const NEW_PASSWORD: &str = "New password";
pub const CURRENT_PASSWORD: &str = "Current password";
pub const STAY_LOGGED_IN: &str = "Stay logged in on this device";
pub const CODE: &str = "Code";
pub const NOTE: &str = "Note";
pub const NAME: &str = "Name";
pub const RECOVERY_CODE: &str = "Recovery code";
pub const APP_CODE: &str = "Code of your app";

// Buttons, and links of the same name.
pub const CREATE_ACCOUNT: &str = "Create account";
pub const LOG_IN: &str = "Log in";
pub const LOG_OUT: &str = "Log out";
pub const CONFIRM: &str = "Confirm";
pub const CONFIRM_EMAIL: &str = "Confirm email";
pub const RESEND: &str = "Resend email";
pub const SEND_LINK: &str = "Send link";
pub const SEND_NEW_LINK: &str = "Send a new link";
pub const CHANGE_PASSWORD: &str = "Change password";
pub const CHANGE_EMAIL: &str = "Change email";
pub const NOT_ME: &str = "This wasn't me";
pub const END_SESSION: &str = "End session";
pub const LOG_OUT_ELSEWHERE: &str = "Log out everywhere else";
pub const CONTINUE: &str = "Continue";
pub const DELETE_ACCOUNT: &str = "Delete account";
pub const DOWNLOAD: &str = "Download";
pub const TURN_ON: &str = "Turn on";
pub const TURN_OFF: &str = "Turn off";
pub const USE_THIS_APP: &str = "Use this app";
pub const MAKE_NEW_CODES: &str = "Make new codes";
pub const CONTINUE_WITH_CODE: &str = "Continue with the code";
pub const RENAME: &str = "Rename";
pub const REMOVE: &str = "Remove";
pub const ADD_PASSKEY: &str = "Add a passkey";
pub const LOG_IN_WITH_PASSKEY: &str = "Log in with a passkey";
pub const SAVE_NOTE: &str = "Save note";

// Projects.
pub const NEW_PROJECT: &str = "New project";
pub const ADD_PROJECT: &str = "Add project";
pub const SAVE_PROJECT: &str = "Save project";
pub const DELETE_PROJECT: &str = "Delete project";
pub const NOTES: &str = "Notes";
pub const STATUS: &str = "Status";
pub const DUE_DATE: &str = "Due date";
pub const BUDGET: &str = "Budget";

// Buttons of the lesson.
pub const END_ON_SERVER: &str = "End this session on the server";
pub const WITHOUT_TOKEN: &str = "Post without a token";
pub const AS_CROSS_SITE: &str = "Replay it as cross-site";
pub const CHANGE_TEST_PASSWORD: &str = "Change a password";

// Links.
pub const SKIP_LINK: &str = "Skip to main content";
pub const FORGOT_PASSWORD: &str = "Forgot your password?";
pub const DASHBOARD: &str = "Dashboard";
pub const ACCOUNT: &str = "Account";
pub const CHANGE_OF_EMAIL: &str = "Change: Email";
pub const CHANGE_OF_PASSWORD: &str = "Change: Password";
pub const MANAGE: &str = "Manage";

// What happened.
pub const EMAIL_CONFIRMED: &str = "Your email is confirmed";
pub const STILL_LOGGED_IN: &str = "You're still logged in as";
pub const BY_INVITATION: &str = "Accounts are by invitation";
pub const ALREADY_CONFIRMED: &str = "Already confirmed";
pub const LINK_ON_ITS_WAY: &str = "a link is on its way";
pub const EMAIL_CHANGED: &str = "Email changed.";
pub const PASSWORD_CHANGED: &str = "Password changed";
pub const LOGGED_OUT_ELSEWHERE: &str = "You've been logged out everywhere else.";
pub const LOGGED_OUT: &str = "You're logged out.";
pub const EVERY_DEVICE_LOGGED_OUT: &str = "Every device is logged out";
pub const SESSION_ENDED: &str = "Your session has ended. Log in to continue.";
pub const NOT_SAVED: &str = "What you were sending was not saved.";
pub const NOTE_SAVED: &str = "Note saved.";

// Error messages.
pub const EMAIL_MISSING: &str = "Enter your email.";
pub const NOT_AN_EMAIL: &str = "doesn't look like an email address";
pub const TOO_EASY: &str = "This password is too easy to guess.";
pub const USED_CODE: &str = "This code has been used already.";
pub const WRONG_LOGIN: &str = "Wrong email or password.";
pub const WRONG_CURRENT_PASSWORD: &str = "This isn't your current password.";
pub const CONFIRM_FIRST: &str = "Not confirmed your email yet?";
pub const WRONG_CODE: &str = "This code is wrong or has expired";
pub const CODE_OF_OTHER_BROWSER: &str = "A code works only in the browser where you signed up";
pub const INVALID_LINK: &str = "This link no longer works";
pub const TOO_MANY: &str = "Too many attempts";
pub const TRY_LATER: &str = "then try again.";
pub const OUT_OF_DATE: &str = "This page was out of date";
pub const NO_COOKIE: &str = "Your browser sent no cookie";
pub const NOTHING_CHANGED: &str = "Nothing was changed";
pub const NOT_FOUND: &str = "Page not found";
pub const TOO_BUSY: &str = "Too busy right now";
pub const SERVER_ERROR: &str = "This is our fault";
/// On the page of a 405. The apostrophe is escaped in HTML.
pub const WRONG_METHOD: &str = "support that kind of request.";
