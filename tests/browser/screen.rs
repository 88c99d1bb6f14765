//! What a page looks like on other screens: the font, small windows, forced colors.

use serde_json::json;

use crate::pages;
use crate::stage::BrowserTest;
use crate::support::people::ADA;

/// With a font of the machine, headings would be wider on some machines than on others.
pub async fn every_heading_is_in_the_font_of_the_site(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    pages::walk(stage, &window, ADA, async |name| {
        let fonts = window
            .ask(
                "await document.fonts.ready;
                 const used = [...document.querySelectorAll('h1, h2, .mark')].map(e => getComputedStyle(e).fontFamily.split(',')[0]);
                 return [...new Set(used), ...[...document.fonts].map(font => font.status)]",
            )
            .await;
        assert_eq!(fonts, json!(["Fraunces", "loaded"]), "{name}");
    })
    .await;
}

/// The bar of a phone's browser continues the page.
pub async fn the_theme_color_is_that_of_the_page(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    for (path, scheme) in
        [("/", "light"), ("/", "dark"), ("/nowhere", "light"), ("/nowhere", "dark")]
    {
        window.visit(path).await;
        window.is_in(scheme).await;
        let colors = window
            .ask(
                "const rgb = color => { const e = document.createElement('p'); e.style.color = color; document.body.append(e); return getComputedStyle(e).color };
                 const metas = [...document.querySelectorAll('meta[name=theme-color]')];
                 return [rgb(metas.find(meta => matchMedia(meta.media).matches).content), getComputedStyle(document.documentElement).backgroundColor]",
            )
            .await;
        assert_eq!(colors[0], colors[1], "{path} {scheme}");
    }
}

/// A phone held sideways: before, only the email field was in sight.
pub async fn a_short_window_shows_every_field_and_the_button(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    let size = json!({ "width": 844, "height": 390, "deviceScaleFactor": 1, "mobile": false });
    window.command("Emulation.setDeviceMetricsOverride", size).await;
    for path in ["/login", "/register", "/password/reset", "/account/password"] {
        if path.starts_with("/account") {
            ADA.create_account(&stage.site).await;
            window.logs_in(ADA).await;
        }
        window.visit(path).await;
        let hidden = window
            .ask(
                "return [...document.querySelectorAll('main :is(input:not([type=hidden], [hidden]), [type=submit])')]
                     .filter(e => e.getBoundingClientRect().bottom > innerHeight).map(e => e.outerHTML)",
            )
            .await;
        assert_eq!(hidden, json!([]), "{path}");
    }
}

/// Forced colors remove backgrounds and shadows, so what is to be told apart needs a border.
pub async fn forced_colors_keep_what_a_border_shows(stage: &BrowserTest<'_>) {
    let window = stage.window().await;
    window.force_colors().await;
    window.logs_in(ADA).await;
    for (element, part, side, drawn) in [
        ("nav [aria-current]", "", "bottom", true),
        ("nav a:not([aria-current])", "", "bottom", false),
        (".notice", "", "left", true),
        ("main [type=submit]", "", "bottom", true),
        (".doorway", "", "left", true),
        (".doorway", "::before", "bottom", true),
        (".doorway", "::after", "top", true),
    ] {
        let width = window
            .ask(&format!(
                "const style = getComputedStyle(document.querySelector('{element}'), '{part}');
                 return style.getPropertyValue('border-{side}-style') === 'none' ? 0 : parseFloat(style.getPropertyValue('border-{side}-width'))"
            ))
            .await;
        assert_eq!(width.as_f64() > Some(0.0), drawn, "{element}{part}: {width}");
    }
}
