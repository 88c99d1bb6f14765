//! Accessibility and layout: axe, narrow screens, zoom, reduced motion, light and dark.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::pages;
use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::people::{ADA, Person};
use crate::window::{NARROW, WIDE};

const AXE: &str = include_str!("axe/axe.min.js");

/// 250 of the 254 characters that an email address may have.
const LONGEST: Person = Person {
    email: "maximiliana.theodora.von.und.zu.hohenlohe.waldenburg.the.young\
        @an.office.whose.name.nobody.ever.thought.of.making.any.shorter\
        .in.the.department.of.rather.long.and.winding.names.of.all.sorts\
        .at.the.university.of.a.town.of.many.syllables.example.museum",
    ..ADA
};

pub async fn axe_finds_no_violation_on_any_page(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    let found = std::cell::RefCell::new(Vec::new());
    pages::walk(stage, &window, ADA, async |name| {
        window.ask(AXE).await;
        for scheme in ["light", "dark"] {
            for width in [WIDE, NARROW] {
                window.is_in(scheme).await;
                window.set_width(width, 1).await;
                let violations = window
                    .ask(
                        "const { violations } = await axe.run();
                         return violations.flatMap(({ id, nodes }) =>
                             nodes.map(node => `${id} ${node.html} ${node.failureSummary}`))",
                    )
                    .await;
                for violation in violations.as_array().into_iter().flatten() {
                    found.borrow_mut().push(format!("{name}, {scheme}, {width}: {violation}"));
                }
            }
        }
    })
    .await;
    let found = found.take();
    assert!(found.is_empty(), "{found:#?}");
}

/// 320 CSS pixels are a small phone, or a page of 1280 at 400 % zoom. 640 are that page at 200 %.
pub async fn no_page_overflows_a_narrow_screen(stage: &BrowserTest<'_>) {
    assert_eq!(LONGEST.email.len(), 250);
    let window = stage.window().await;
    pages::walk(stage, &window, LONGEST, async |name| {
        for (width, zoom) in [(NARROW, 1), (WIDE / 2, 2), (WIDE, 1)] {
            window.set_width(width, zoom).await;
            // Elements beyond the screen, or wider inside than outside, except fields and `main`.
            let over = window
                .ask(
                    "const out = e => e.getBoundingClientRect().right > innerWidth + 1;
                     const spilt = e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
                     return [...document.querySelectorAll('html, body, body *')]
                         .filter(e => out(e) || spilt(e) && !e.matches('input, main'))
                         .map(e => e.outerHTML.slice(0, 120))",
                )
                .await;
            assert_eq!(over, json!([]), "{name} at {width}");
        }
    })
    .await;
}

pub async fn no_page_animates_with_reduced_motion(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    window.set_media_features(&[("reduced-motion", "reduce")]).await;
    pages::walk(stage, &window, ADA, async |name| {
        let moving = window
            .ask(
                "return [...document.querySelectorAll('*')].flatMap(e => [null, '::before', '::after'].map(part => {
                     const { transitionDuration, animationDuration, animationName, scrollBehavior } = getComputedStyle(e, part);
                     const seconds = Math.max(parseFloat(transitionDuration), animationName === 'none' ? 0 : parseFloat(animationDuration));
                     return seconds > 0.01 || scrollBehavior === 'smooth' ? e.outerHTML.slice(0, 120) : null;
                 })).filter(Boolean)",
            )
            .await;
        assert_eq!(moving, json!([]), "{name}");
    })
    .await;
}

/// Password managers and people with long passwords paste.
pub async fn a_password_can_be_shown_and_pasted(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.visit("/login").await;
    window.fill(EMAIL, ADA.password).await;
    let control = |key: char| Key::Control + key.to_string();
    window.field(EMAIL).await.send_keys(control('a')).await.expect("all of it");
    window.field(EMAIL).await.send_keys(control('c')).await.expect("a copy");
    let password = window.field(PASSWORD).await;
    password.send_keys(control('v')).await.expect("pasted");
    for (button, kind) in [("Show", "text"), ("Hide", "password")] {
        window.button(button).await.click().await.expect("a click");
        assert_eq!(password.attr("type").await.expect("a type").as_deref(), Some(kind));
    }
    window.fill(EMAIL, ADA.email).await;
    window.press(LOG_IN).await;
    window.must_be_at("/app").await;
}
