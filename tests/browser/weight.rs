//! The size of a first visit, for people with a slow connection.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stage::BrowserTest;

/// One of them asks for a passkey challenge, where the browser has passkeys.
const REQUESTS: usize = 6;
const BYTES: f64 = 40.0 * 1024.0;

pub async fn a_first_visit_transfers_at_most_40_kib(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    window.driver.get_log("performance").await.expect("the traffic");
    window.visit("/login").await;
    let traffic = window.driver.get_log("performance").await.expect("the traffic");
    let (mut addresses, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    // Production has no badge of the mailbox.
    let of_development = |url: &Value| url.as_str().is_some_and(|url| url.contains("/dev/"));
    for entry in traffic {
        let event: Value = serde_json::from_str(&entry.message).expect("an event");
        let (event, of) = (&event["message"]["method"], &event["message"]["params"]);
        let id = of["requestId"].to_string();
        if event == "Network.requestWillBeSent" {
            addresses.insert(id, of["request"]["url"].clone());
        } else if event == "Network.loadingFinished" {
            // Head and body as transferred; 0 if the response came from the cache.
            let length = of["encodedDataLength"].as_f64().unwrap_or_default();
            bytes.extend((length > 0.0).then_some((id, length)));
        }
    }
    bytes.retain(|id, _| !addresses.get(id).is_some_and(of_development));
    let total: f64 = bytes.values().sum();
    let fetched: Vec<_> = bytes.iter().map(|(id, length)| (addresses.get(id), length)).collect();
    println!("a first visit to /login: {total} bytes: {fetched:?}");
    assert!((2..=1 + REQUESTS).contains(&fetched.len()) && total <= BYTES, "too much, or nothing");
}
