//! Using the site without a mouse.

use serde_json::{Value, json};
use thirtyfour::action_chain::ActionChain;
use thirtyfour::prelude::*;

use crate::pages;
use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::window::Window;

/// The controls of a page and its boxes that scroll, in document order.
const CONTROLS: &str = "
    window.controls = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, pre[tabindex]')]
        .filter(e => e.type !== 'hidden' && !e.disabled && e.checkVisibility())
        // Tab visits one radio button of a group; the arrow keys visit the others.
        .filter(e => e.type !== 'radio' || e.checked || e === e.form.querySelector(`[name=${e.name}]`));
    return controls.length";

/// The index of the control with the focus, if it is a date field.
const IN_DATE: &str = "
    return document.activeElement.type === 'date' ? controls.indexOf(document.activeElement) : null";

/// Tab visits exactly these, in this order; each is visible and has a focus ring.
pub async fn tab_focuses_every_control_visibly(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    pages::walk(stage, &window, ADA, async |name| {
        let controls = window.ask(CONTROLS).await;
        let controls = controls.as_u64().expect("a number");
        assert!(controls > 0, "{name}");
        // The walk may have left the focus in a field: start from the top.
        window.ask("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')").await;
        for index in 0..controls {
            types(&window, Key::Tab).await;
            // A date field has a stop for each of its parts.
            while window.ask(IN_DATE).await == json!(index as i64 - 1) {
                types(&window, Key::Tab).await;
            }
            let seen = window
                .ask(
                    "const frame = () => new Promise(requestAnimationFrame);
                     await frame().then(frame); // by then it was scrolled to
                     const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
                     return { index: controls.indexOf(e), html: e.outerHTML.slice(0, 120),
                         ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                         // Of a text area, only the line with the cursor (WCAG 2.4.11).
                         inSight: e.type === 'textarea' ? box.top < innerHeight && box.bottom > 0
                             : box.left > -1 && box.top > -1 && box.right < innerWidth + 1 && box.bottom < innerHeight + 1 }",
                )
                .await;
            assert_eq!(seen["index"], json!(index), "{name}: {seen}");
            assert_eq!([&seen["ring"], &seen["inSight"]], [&Value::Bool(true); 2], "{name}: {seen}");
        }
    })
    .await;
}

pub async fn enter_submits_a_form_and_the_skip_link_works(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.visit("/login?next=/test/value").await;
    while window.ask("return document.activeElement.id").await != "email" {
        types(&window, Key::Tab).await;
    }
    types(&window, ADA.email).await;
    types(&window, Key::Tab).await;
    types(&window, ADA.password).await;
    window.leave(chain(&window, Key::Enter).perform()).await;
    window.must_be_at("/test/value").await;
    // The skip link, which is visible only with the focus, skips the navigation.
    types(&window, Key::Tab).await;
    window.must_see(SKIP_LINK).await;
    types(&window, Key::Enter).await;
    window.must_be_at("/test/value#content").await;
    types(&window, Key::Tab).await;
    assert_eq!(window.ask("return document.activeElement.id").await, "value");
}

async fn types(window: &Window, keys: impl Into<TypingData>) {
    chain(window, keys).perform().await.expect("a keyboard");
}

fn chain(window: &Window, keys: impl Into<TypingData>) -> ActionChain {
    window.driver.action_chain().send_keys(keys)
}
