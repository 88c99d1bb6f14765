//! What `static/app.js` adds to pages that also work without it.

use serde_json::json;

use crate::pages;
use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::ADA;

/// Every date of every page is a `<time>`. A moment is shown in the visitor's time zone, and its
/// title keeps UTC. A day is the same in every zone.
pub async fn every_moment_is_shown_in_the_time_zone_of_the_visitor(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    let zone = "Asia/Tokyo";
    window.command("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).await;
    let moments = std::cell::Cell::new(0);
    pages::walk(stage, &window, ADA, async |name| {
        let seen = window
            .ask(&format!(
                "const wrong = [], times = [...document.querySelectorAll('time')];
                 const moments = times.filter(e => e.dateTime.includes('T'));
                 for (const e of times) if (!moments.includes(e)) {{
                     if (e.textContent !== new Date(e.dateTime).toLocaleString(navigator.language, {{ timeZone: 'UTC', dateStyle: 'long' }})) wrong.push(e.outerHTML);
                 }}
                 for (const e of moments) {{
                     const at = new Date(e.dateTime), shown = zone => at.toLocaleString(navigator.language, {{ timeZone: zone, dateStyle: 'long', timeStyle: 'short' }});
                     if (e.textContent !== shown('{zone}') || !e.title.endsWith(at.toISOString().slice(11, 16) + ' UTC')) wrong.push(e.outerHTML);
                 }}
                 const page = document.body.cloneNode(true);
                 page.querySelectorAll('time').forEach(e => e.remove());
                 wrong.push(...(page.textContent.match(/.*(UTC|(January|February|March|April|May|June|July|August|September|October|November|December) \\d{{4}}).*/g) ?? []));
                 return [moments.length, wrong]"
            ))
            .await;
        assert_eq!(seen[1], json!([]), "{name}");
        moments.set(moments.get() + seen[0].as_u64().expect("a number"));
    })
    .await;
    assert!(moments.get() > 0, "no page shows a moment");
}

/// The hint counts as the server does. A screen reader hears the count after a pause.
pub async fn a_new_password_is_counted_while_it_is_typed(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    window.visit("/register").await;
    let hint = "return document.querySelector('#password-hint [aria-hidden]').textContent";
    window
        .ask(
            "window.heard = [];
             window.told = document.querySelector('#password ~ [role=status]');
             new MutationObserver(() => heard.push(told.textContent)).observe(told, { childList: true })",
        )
        .await;
    let before = window.ask(hint).await;
    assert!(before.as_str().is_some_and(|hint| hint.starts_with("At least 15 ")), "{before}");
    // `e` and a combining accent are one code point in NFC.
    for (typed, count) in [
        ("cafe\u{301}", "4 of 15 characters."),
        ("velvet lighthouse", "17 characters: long enough."),
    ] {
        window.fill(PASSWORD, typed).await;
        let seen = window.ask(hint).await;
        assert!(seen.as_str().is_some_and(|hint| hint.starts_with(count)), "{typed}: {seen}");
        window
            .ask(&format!(
                "while (told.textContent !== '{count}') await new Promise(requestAnimationFrame)"
            ))
            .await;
    }
    let heard = window.ask("return heard.length").await;
    assert!(heard.as_u64() < Some(10), "{heard} announcements for 22 keys");
}
