//! What a browser stores and shows: cookies, other storage, pages after a logout.

use serde_json::json;
use time::OffsetDateTime;

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE};
use crate::window::Scripts;

pub async fn no_script_can_read_a_cookie(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.must_be_at("/app").await;
    let cookies = window.driver.get_all_cookies().await.expect("the jar");
    assert!(cookies.iter().any(|cookie| cookie.name == "__Host-session"), "{cookies:?}");
    assert_eq!(window.ask("return document.cookie").await, json!(""));
}

pub async fn the_site_stores_nothing_but_cookies(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.visit("/account").await;
    let kept = window
        .ask(
            "return [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
                 (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]",
        )
        .await;
    assert_eq!(kept, json!([0, 0, 0, 0, 0]));
}

/// With scripts, a page from the back-forward cache reloads itself. Without scripts, `no-store`
/// must keep it out of the cache.
pub async fn the_back_button_shows_no_user_data_after_logout(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    for scripts in [Scripts::On, Scripts::Off] {
        let window = stage.window_with(scripts).await;
        window.logs_in(ADA).await;
        window.click(ACCOUNT).await;
        window.must_see(ADA.email).await;
        window.press(LOG_OUT).await;
        window.must_be_at("/login").await;
        for _ in 0..2 {
            window.driver.back().await.expect("a page before");
            window.must_not_contain(ADA.email).await;
            window.driver.refresh().await.expect("the page again");
            window.must_not_contain(ADA.email).await;
            assert!(window.path().await.starts_with("/login?next="), "{}", window.path().await);
        }
    }
}

pub async fn a_password_change_logs_the_other_browser_out(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let (phone, laptop) = (stage.window().await, stage.window().await);
    phone.logs_in(ADA).await;
    phone.must_be_at("/app").await;
    laptop.logs_in(ADA).await;
    laptop.visit("/account/password").await;
    laptop.fill(CURRENT_PASSWORD, ADA.password).await;
    laptop.fill(NEW_PASSWORD, GRACE.password).await;
    laptop.press(CHANGE_PASSWORD).await;
    laptop.must_see(LOGGED_OUT_ELSEWHERE).await;
    phone.click(ACCOUNT).await;
    phone.must_see(LOG_IN).await;
    phone.must_not_contain(ADA.email).await;
    laptop.visit("/app").await;
    laptop.must_see(ADA.email).await;
}

pub async fn a_device_is_logged_out_from_another_one(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let (phone, laptop) = (stage.window().await, stage.window().await);
    phone.logs_in(ADA).await;
    laptop.logs_in(ADA).await;
    laptop.click(ACCOUNT).await;
    laptop.must_see("2 logged in").await;
    laptop.click(MANAGE).await;
    laptop.press(END_SESSION).await;
    laptop.must_see("That device is logged out.").await;
    laptop.must_see("You aren't logged in anywhere else.").await;
    phone.click(ACCOUNT).await;
    phone.must_see(SESSION_ENDED).await;
    phone.must_not_contain(ADA.email).await;
}

/// Read from Chromium's cookie store: a session cookie, or one that expires after 30 days.
pub async fn a_session_cookie_is_persistent_only_if_remembered(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    for remember in [false, true] {
        window.visit("/login").await;
        window.fill(EMAIL, ADA.email).await;
        window.fill(PASSWORD, ADA.password).await;
        if remember {
            window.tick(STAY_LOGGED_IN).await;
        }
        window.press(LOG_IN).await;
        window.must_be_at("/app").await;
        let jar = window.command("Network.getCookies", json!({})).await;
        let mut cookies = jar["cookies"].as_array().into_iter().flatten();
        let cookie = cookies.find(|cookie| cookie["name"] == "__Host-session").expect("a session");
        for (attribute, value) in [
            ("session", json!(!remember)),
            ("secure", json!(true)),
            ("httpOnly", json!(true)),
            ("sameSite", json!("Lax")),
            ("path", json!("/")),
            ("domain", json!("localhost")),
        ] {
            assert_eq!(cookie[attribute], value, "{attribute}: {cookie}");
        }
        if remember {
            let now = OffsetDateTime::now_utc().unix_timestamp() as f64;
            let days = (cookie["expires"].as_f64().expect("a moment") - now) / 86_400.0;
            assert!((29.9..30.1).contains(&days), "{cookie}");
        }
        window.press(LOG_OUT).await;
    }
}
