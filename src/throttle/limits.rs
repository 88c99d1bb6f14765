//! The table of all limits: how many attempts are free, and how long the waits after them are.
//!
//! The first `free` attempts need no wait. The next one must wait `first_wait`, the one after it
//! twice as long, and so on up to `longest_wait`. For each `longest_wait` without an attempt, one
//! attempt is forgotten. `docs/throttle.md` shows the same table with its reasons, and a test
//! compares the two.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use uuid::Uuid;

use crate::accounts::device::DeviceHash;

/// The attempted action. Each has counters of its own, so no flow can use up the attempts or the
/// emails of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Login,
    /// Codes of second factors, and recovery codes.
    SecondFactor,
    /// Challenges for passkeys. The login page requests one on each view.
    Passkey,
    /// Changes of second factors. Each sends a security notice.
    FactorChanged,
    /// New sets of recovery codes. Each sends a security notice.
    RecoveryCodesMade,
    /// The email about a wrong code after the right password.
    SecondFactorFailedMail,
    /// The email after a login with the right password, which "this wasn't me" has made invalid.
    LoginStoppedMail,
    /// Downloads of a user's own data.
    Export,
    /// The email after a login on a new device.
    NewDeviceMail,
    Register,
    /// Guesses at the code in a verification email.
    EmailVerify,
    EmailVerifyResend,
    /// Emails that registrations send to one email address.
    EmailVerifyMail,
    /// Emails that "Resend email" sends to one email address. Counted separately, because an email
    /// address without a registration also uses up this budget, though nothing is sent.
    EmailVerifyResendMail,
    /// Requests for a reset link.
    PasswordReset,
    PasswordResetMail,
    /// New passwords. Rating and hashing one is expensive.
    NewPassword,
    /// Guesses at the current password by somebody who is logged in.
    CurrentPassword,
    /// Requests of a user for another email address.
    EmailChange,
    /// Emails that these requests send to one email address.
    EmailChangeMail,
    /// Successful password changes. Each sends a security notice, which no limit drops.
    PasswordChanged,
}

impl Action {
    /// The stored name: dotted like the path of the form. A mail budget ends in `.mail`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::SecondFactor => "second-factor",
            Self::Passkey => "login.passkey",
            Self::FactorChanged => "second-factor.changed",
            Self::RecoveryCodesMade => "recovery-codes.made",
            Self::SecondFactorFailedMail => "second-factor.failed.mail",
            Self::LoginStoppedMail => "login.stopped.mail",
            Self::Export => "account.export",
            Self::NewDeviceMail => "login.new-device.mail",
            Self::Register => "register",
            Self::EmailVerify => "email.verify",
            Self::EmailVerifyResend => "email.verify.resend",
            Self::EmailVerifyMail => "email.verify.mail",
            Self::EmailVerifyResendMail => "email.verify.resend.mail",
            Self::PasswordReset => "password.reset",
            Self::PasswordResetMail => "password.reset.mail",
            Self::NewPassword => "password.new",
            Self::CurrentPassword => "account.password",
            Self::EmailChange => "account.email",
            Self::EmailChangeMail => "account.email.mail",
            Self::PasswordChanged => "account.password.changed",
        }
    }
}

/// Which attempts are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Account,
    IpAddress,
    /// One account from one IP address.
    Pair,
    Device,
    /// All known devices of one account together.
    AllDevices,
    Registration,
}

impl Scope {
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::IpAddress => "IP address",
            Self::Pair => "pair",
            Self::Device => "device",
            Self::AllDevices => "all devices",
            Self::Registration => "registration",
        }
    }
}

pub struct Limit {
    pub action: Action,
    pub scope: Scope,
    /// Attempts without a wait.
    pub free: i32,
    /// The wait after the free attempts. It doubles with each further attempt.
    pub first_wait: Duration,
    /// The longest wait, and the time after which one attempt is forgotten. If it equals
    /// `first_wait`, the limit means: `free` attempts at once, then one per wait.
    pub longest_wait: Duration,
    /// After so many failures without a success between them, the key is locked out.
    pub in_a_row: Option<i32>,
}

/// The key of a counter: the account, IP address, device or registration of an attempt.
#[derive(Debug, Clone)]
pub enum Key<'a> {
    /// The canonical email address, or the typed text if it is no email address. For somebody who
    /// is logged in: the user's ID.
    Account(&'a str),
    /// Of an IPv6 address only the first 64 bits: one customer has all addresses that share them.
    IpAddress(IpAddr),
    Pair(&'a str, IpAddr),
    /// A browser that has logged in to this account before.
    Device(DeviceHash, &'a str),
    AllDevices(&'a str),
    Registration(Uuid),
}

const SECOND: Duration = Duration::from_secs(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const SIX_HOURS: Duration = Duration::from_secs(6 * 60 * 60);

pub const LIMITS: &[Limit] = &[
    // NIST SP 800-63B-4 §3.2.2 allows 100 failures in a row; these are 80 of them. From a thousand
    // IP addresses it takes more than two days to reach them.
    limit(Action::Login, Scope::Account, 10, SECOND, HOUR).most_in_a_row(80),
    // Stricter than the account's limit: an attacker at one IP address must wait long before the
    // owner must, and needs weeks to reach 80 in a row.
    limit(Action::Login, Scope::Pair, 5, SECOND, SIX_HOURS),
    // Many people may share an IP address, so the wait stays short. To try one password on a
    // thousand accounts takes most of a day.
    limit(Action::Login, Scope::IpAddress, 50, SECOND, MINUTE),
    // A login on a known device is counted here and not in the three limits above …
    limit(Action::Login, Scope::Device, 10, SECOND, HOUR),
    // … and all known devices of an account share the other 20 of the 100, because their cookies
    // may be stolen. Beyond that, they are counted like unknown devices.
    limit(Action::Login, Scope::AllDevices, 20, SECOND, HOUR).most_in_a_row(20),
    // A code has a million values, and two of them are valid at a time. Only somebody who knows
    // the password can guess. With four guesses a day, a year has a chance of 0.3 %.
    limit(Action::SecondFactor, Scope::Account, 5, MINUTE, SIX_HOURS),
    // An attacker with the password must not lock out the owner, so known devices have a counter of
    // their own. They share it, because a device gets another value at each login.
    limit(Action::SecondFactor, Scope::AllDevices, 5, MINUTE, HOUR),
    limit(Action::FactorChanged, Scope::Account, 20, MINUTE, HOUR),
    // A limit of its own, so a thief who makes codes cannot keep the owner from removing the
    // thief's factor.
    limit(Action::RecoveryCodesMade, Scope::Account, 5, MINUTE, HOUR),
    limit(Action::SecondFactorFailedMail, Scope::Account, 1, HOUR, SIX_HOURS),
    // Each view of the login page writes a row. Sudo mode has its own limit, which nobody else at
    // the same IP address can use up.
    limit(Action::Passkey, Scope::IpAddress, 120, SECOND, MINUTE),
    limit(Action::Passkey, Scope::Account, 60, SECOND, MINUTE),
    limit(Action::LoginStoppedMail, Scope::Account, 3, HOUR, HOUR),
    // Three emails are enough; more would only fill the mailbox.
    limit(Action::NewDeviceMail, Scope::Account, 3, HOUR, HOUR),
    // A long history takes a second of work.
    limit(Action::Export, Scope::Account, 3, TEN_MINUTES, HOUR),
    // Enough for two school classes, too little for a script. A registration costs a run of Argon2.
    limit(Action::Register, Scope::IpAddress, 60, TEN_SECONDS, FIVE_MINUTES),
    // A code has 40 bits. A new registration allows five more guesses at once …
    limit(Action::EmailVerify, Scope::Registration, 5, MINUTE, HOUR),
    // … and all registrations of one email address share this limit.
    limit(Action::EmailVerify, Scope::Account, 30, MINUTE, HOUR),
    limit(Action::EmailVerify, Scope::IpAddress, 60, SECOND, MINUTE),
    limit(Action::EmailVerifyResend, Scope::IpAddress, 60, TEN_SECONDS, FIVE_MINUTES),
    // Mail budgets, so that an attacker cannot fill somebody's mailbox. They are silent, because a
    // message about them could reveal accounts. None depends on the IP address: honest people who
    // share one with an attacker would silently get no email.
    limit(Action::EmailVerifyMail, Scope::Account, 3, HOUR, HOUR),
    limit(Action::EmailVerifyResendMail, Scope::Account, 3, HOUR, HOUR),
    limit(Action::PasswordReset, Scope::IpAddress, 60, TEN_SECONDS, FIVE_MINUTES),
    limit(Action::PasswordResetMail, Scope::Account, 3, HOUR, HOUR),
    // A known device uses this budget first, so other people cannot use up the owner's resets.
    limit(Action::PasswordResetMail, Scope::Device, 3, HOUR, HOUR),
    // Each login creates a new device with its own budget, so all devices also share this one.
    limit(Action::PasswordResetMail, Scope::AllDevices, 6, HOUR, HOUR),
    limit(Action::NewPassword, Scope::IpAddress, 60, TEN_SECONDS, FIVE_MINUTES),
    // An attacker with a stolen session has to guess the current password. No login waits for it.
    limit(Action::CurrentPassword, Scope::Account, 5, SECOND, HOUR),
    limit(Action::PasswordChanged, Scope::Account, 5, TEN_MINUTES, HOUR),
    // Each writes an email to an address of the user's choice.
    limit(Action::EmailChange, Scope::Account, 5, TEN_MINUTES, HOUR),
    limit(Action::EmailChangeMail, Scope::Account, 3, HOUR, HOUR),
];

const fn limit(
    action: Action,
    scope: Scope,
    free: i32,
    first_wait: Duration,
    longest_wait: Duration,
) -> Limit {
    Limit { action, scope, free, first_wait, longest_wait, in_a_row: None }
}

/// The limit of an action in one scope, if there is one.
pub fn find(action: Action, scope: Scope) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.action == action && limit.scope == scope)
}

impl Limit {
    const fn most_in_a_row(self, most: i32) -> Self {
        Self { in_a_row: Some(most), ..self }
    }
}

impl Key<'_> {
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Account(_) => Scope::Account,
            Self::IpAddress(_) => Scope::IpAddress,
            Self::Pair(..) => Scope::Pair,
            Self::Device(..) => Scope::Device,
            Self::AllDevices(_) => Scope::AllDevices,
            Self::Registration(_) => Scope::Registration,
        }
    }
}

/// The text from which `Throttle` computes `throttles.key_hash`.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(account),
            Self::IpAddress(address) => write!(f, "{}", network(*address)),
            Self::Pair(account, address) => write!(f, "{}\0{account}", network(*address)),
            Self::AllDevices(account) => f.write_str(account),
            Self::Device(device, account) => write!(f, "{:?}\0{account}", device.as_bytes()),
            Self::Registration(id) => write!(f, "{id}"),
        }
    }
}

/// The IP address; of an IPv6 address only the first 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_is_one_ip_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
