//! The client of a request, as `sessions` and `audit_events` store it.

use std::net::IpAddr;

use ipnet::IpNet;

/// The longest user agent that is stored, in bytes.
const USER_AGENT_MAX: usize = 512;

/// An IP address and a user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    pub user_agent: String,
}

impl Client {
    /// Removes control characters from the user agent, because the client chooses it: they could
    /// forge log lines, and PostgreSQL rejects NUL (22021), so a client could cause a 500.
    pub fn new(address: IpAddr, user_agent: &str) -> Self {
        let mut user_agent: String = user_agent.chars().filter(|c| !c.is_control()).collect();
        user_agent.truncate(user_agent.floor_char_boundary(USER_AGENT_MAX));
        Self { address: address.to_canonical(), user_agent }
    }

    /// The browser and the system, for people to recognise.
    pub fn device_name(&self) -> String {
        device_name(&self.user_agent)
    }

    /// The IP address in the type that sqlx binds to an `inet` column.
    pub fn network(&self) -> IpNet {
        self.address.into()
    }
}

/// `Firefox on Linux`. A client can send any user agent, so use it to inform people, never to
/// decide.
pub fn device_name(user_agent: &str) -> String {
    let known = |name: &str| (name != woothee::woothee::VALUE_UNKNOWN).then(|| name.to_owned());
    let parsed = woothee::parser::Parser::new().parse(user_agent);
    let browser = parsed.as_ref().and_then(|found| known(found.name));
    let system = parsed.as_ref().and_then(|found| known(found.os));
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser,
        (None, Some(system)) => format!("Unknown browser on {system}"),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_kept_short_and_without_control_characters() {
        let address = "::ffff:192.0.2.7".parse().unwrap();
        let client = Client::new(address, &format!("a\0b\n{}é", "x".repeat(509)));
        assert_eq!(client.user_agent, format!("ab{}", "x".repeat(509)));
        assert_eq!(client.address.to_string(), "192.0.2.7");
        assert_eq!(Client::new(address, &"é".repeat(300)).user_agent.len(), 512);
    }
}
