//! How many attempts, for what, and how long until the next. `docs/throttle.md` holds the same
//! numbers with the sums behind them, and a test holds the two equal.
//!
//! The first `free` failures cost nothing. After each further one the wait doubles, from one
//! second up to `longest`; one failure is forgotten for every `longest` that passes quietly.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// What is attempted. Counters of two purposes know nothing of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Login,
    Register,
    PasswordChange,
    /// A mail that anybody can make us send to somebody.
    Mail,
}

impl Purpose {
    /// Dotted like the address where it happens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::PasswordChange => "account.password",
            Self::Mail => "mail",
        }
    }
}

/// What attempts are added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Account,
    Address,
    /// One account from one address.
    Pair,
    Device,
}

impl Per {
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Pair => "pair",
            Self::Device => "device",
        }
    }
}

pub struct Limit {
    pub purpose: Purpose,
    pub per: Per,
    /// Failures that cost no wait.
    pub free: i32,
    /// The longest wait, and how long one failure is remembered.
    pub longest: Duration,
    /// So many failures without a success between them are the last, however slow.
    pub in_a_row: Option<i32>,
}

/// What an attempt is counted on. Accounts by their canonical address, or by whatever was typed.
#[derive(Debug, Clone)]
pub enum Key<'a> {
    Account(&'a str),
    /// An IPv6 customer has a whole /64 to choose from, so that is what counts as one.
    Address(IpAddr),
    Pair(&'a str, IpAddr),
    /// A browser that this account has logged in on before.
    Device([u8; 32], &'a str),
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

pub const LIMITS: [Limit; 8] = [
    // NIST SP 800-63B-4 §3.2.2: at most 100 in a row. From a thousand addresses it takes
    // more than three days to get there.
    limit(Purpose::Login, Per::Account, 10, HOUR, Some(100)),
    // Stricter than the account: one attacker at one address waits long before the owner does,
    // and is weeks away from closing the account to new devices.
    limit(Purpose::Login, Per::Pair, 5, HOUR.saturating_mul(6), None),
    // Many people may share an address, so the wait stays short; a thousand accounts tried with
    // one password take most of a day.
    limit(Purpose::Login, Per::Address, 50, MINUTE, None),
    // Counted instead of the three above. After 20 the cookie may be a stolen one, and the device
    // is a stranger's again.
    limit(Purpose::Login, Per::Device, 10, HOUR, Some(20)),
    // A class of people who register in the same hour, not a script. Each costs a run of Argon2.
    limit(Purpose::Register, Per::Address, 30, MINUTE.saturating_mul(5), None),
    // A stolen session asks for the current password here. No login waits for it.
    limit(Purpose::PasswordChange, Per::Account, 5, HOUR, None),
    // Nobody fills somebody else's mailbox: three, and then one an hour. The page stays the same.
    limit(Purpose::Mail, Per::Account, 3, HOUR, None),
    limit(Purpose::Mail, Per::Address, 20, HOUR, None),
];

const fn limit(
    purpose: Purpose,
    per: Per,
    free: i32,
    longest: Duration,
    in_a_row: Option<i32>,
) -> Limit {
    Limit { purpose, per, free, longest, in_a_row }
}

impl Key<'_> {
    pub(super) fn per(&self) -> Per {
        match self {
            Self::Account(_) => Per::Account,
            Self::Address(_) => Per::Address,
            Self::Pair(..) => Per::Pair,
            Self::Device(..) => Per::Device,
        }
    }
}

/// What is hashed.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(account),
            Self::Address(address) => write!(f, "{}", network(*address)),
            Self::Pair(account, address) => write!(f, "{}\0{account}", network(*address)),
            Self::Device(token_hash, account) => write!(f, "{token_hash:?}\0{account}"),
        }
    }
}

/// The address, of IPv6 the first 64 bits.
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
    fn an_ipv6_customer_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
