//! Downloading one's own data.

use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, GRACE};
use crate::support::site::Site;

async fn download(browser: &mut Browser) -> Value {
    browser.visit("/account").await;
    browser.click(DOWNLOAD).await;
    browser.press(DOWNLOAD).await;
    assert_eq!(browser.status, 200);
    serde_json::from_str(browser.html()).expect("JSON")
}

#[tokio::test]
async fn the_file_has_the_persons_data_and_nothing_that_grants_access() {
    let site = Site::start().await;
    GRACE.at(&site).await;
    ADA.create_account(&site).await;
    ADA.log_in_on_new_device(&site).await;
    let mut ada = ADA.log_in_on_new_device(&site).await;
    let data = download(&mut ada).await;
    let notice = newest(&site.db, ADA.email).await;
    assert_eq!(notice.subject, "Your data was downloaded");
    assert!(notice.text.contains("/not-me/"), "{}", notice.text);
    assert_eq!(data["email"], ADA.email);
    assert_eq!(data["sessions"].as_array().expect("a list").len(), 2);
    assert_eq!(data["known_devices"].as_array().expect("a list").len(), 2);
    let what: Vec<&str> = data["activity"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|e| e["what"].as_str())
        .collect();
    assert_eq!(what, ["account.export", "login.new-device", "login.new-device"]);
    assert_eq!(ada.headers["content-disposition"], "attachment; filename=\"my-data.json\"");
    let text = data.to_string();
    assert!(!text.contains(GRACE.email) && !text.contains("argon2"), "{text}");
    // Neither a cookie nor a value that the database compares with one.
    let secrets: Vec<String> = sqlx::query_scalar(
        "select encode(id_hash, 'hex') from sessions union select encode(token_hash, 'hex') from devices
         union select encode(csrf_binding, 'hex') from sessions union select id::text from sessions",
    )
    .fetch_all(&site.db.pool)
    .await
    .expect("the secrets");
    assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "{text}");
}

#[tokio::test]
async fn a_long_history_is_complete() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let insert = "insert into audit_events (user_id, kind) select id, 'login' from users, generate_series(1, 3500)";
    site.db.run(insert).await;
    let before =
        site.db.number("select count(*) from audit_events where user_id is not null").await;
    let data = download(&mut ada).await;
    // And the event of the download itself.
    assert_eq!(data["activity"].as_array().expect("a list").len() as i64, before + 1);
}
