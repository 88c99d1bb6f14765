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
