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
