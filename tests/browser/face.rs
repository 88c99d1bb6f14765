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

/// axe cannot tell the contrast of text in a doorway, because of the fanlight behind it, and
/// reports it as incomplete. Returns what is below WCAG 1.4.3 there, and what else is incomplete.
///
/// Colours are painted on a canvas, from the outermost element inwards, so that it computes every
/// notation and every opacity. Text that lies on the fanlight itself would have no single
/// background.
const MEASURE: &str = "
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const painted = colors => {
        context.clearRect(0, 0, 1, 1);
        for (const color of colors) { context.fillStyle = color; context.fillRect(0, 0, 1, 1); }
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = rgb => {
        const [r, g, b] = rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const measure = element => {
        const behind = [];
        for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
        const style = getComputedStyle(element);
        const [dark, light] = [painted(behind), painted([...behind, style.color])].map(luminance).sort((a, b) => a - b);
        const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
        const door = element.closest('.doorway');
        const glass = door ? door.getBoundingClientRect().top + parseFloat(getComputedStyle(door, '::before').height) : 0;
        const contrast = (light + 0.05) / (dark + 0.05);
        if (contrast < (large ? 3 : 4.5)) return contrast.toFixed(2);
        if (door && element.getBoundingClientRect().top < glass) return 'text on the fanlight';
    };
    const measured = incomplete => incomplete.flatMap(({ id, nodes }) => nodes.flatMap(node => {
        const problem = id === 'color-contrast' ? measure(document.querySelector(node.target[0])) : 'incomplete';
        return problem ? [`${id} ${node.html} ${problem}`] : [];
    }));";

pub async fn axe_finds_no_violation_on_any_page(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    let found = std::cell::RefCell::new(Vec::new());
    let measured = std::cell::Cell::new(0);
    pages::walk(stage, &window, ADA, async |name| {
        window.ask(AXE).await;
        for scheme in ["light", "dark"] {
            for width in [WIDE, NARROW] {
                window.is_in(scheme).await;
                window.set_width(width, 1).await;
                let report = window
                    .ask(&format!(
                        "{MEASURE}
                         const {{ violations, incomplete }} = await axe.run();
                         return [violations.flatMap(({{ id, nodes }}) =>
                             nodes.map(node => `${{id}} ${{node.html}} ${{node.failureSummary}}`)),
                             measured(incomplete), incomplete.flatMap(({{ nodes }}) => nodes).length]"
                    ))
                    .await;
                for problem in [0, 1].iter().filter_map(|list| report[*list].as_array()).flatten() {
                    found.borrow_mut().push(format!("{name}, {scheme}, {width}: {problem}"));
                }
                measured.set(measured.get() + report[2].as_u64().unwrap_or_default());
            }
        }
    })
    .await;
    let found = found.take();
    println!("{} incomplete results of axe were measured", measured.get());
    assert!(found.is_empty() && measured.get() > 0, "{found:#?}");
}

/// 320 CSS pixels are a small phone, or a page of 1280 at 400 % zoom. 640 are that page at 200 %.
pub async fn no_page_overflows_a_narrow_screen(stage: &BrowserTest<'_>) {
    assert_eq!(LONGEST.email.len(), 250);
    let window = stage.window().await;
    pages::walk(stage, &window, LONGEST, async |name| {
        for (width, zoom) in [(NARROW, 1), (WIDE / 2, 2), (WIDE, 1)] {
            window.set_width(width, zoom).await;
            // Elements beyond the screen, or wider inside than outside, except fields, `main` and
            // code, which scrolls in its own box.
            let over = window
                .ask(
                    "const out = e => e.getBoundingClientRect().right > innerWidth + 1;
                     const spilt = e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
                     return [...document.querySelectorAll('html, body, body :not(pre *)')]
                         .filter(e => out(e) || spilt(e) && !e.matches('input, main, pre'))
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
