//! Takes pictures of every page for people to look at: light, dark and in forced colors, in three
//! widths. It also composes the picture of the README from two of them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::json;

use crate::pages;
use crate::stage::BrowserTest;
use crate::support::people::ADA;
#[path = "picture.rs"]
mod picture;

use crate::window::{NARROW, PHONE, WIDE, Window};

/// The folder for the pictures, if `SCREENSHOTS` is set.
pub fn folder() -> Option<PathBuf> {
    env::var_os("SCREENSHOTS").map(PathBuf::from)
}

pub async fn take_pictures_of_every_page(stage: &BrowserTest<'_>) {
    let folder = folder().expect("a folder");
    fs::create_dir_all(&folder).expect("a folder");
    let window = stage.window().await;
    window.visit("/login").await;
    let mut pictures = String::new();
    for scheme in ["light", "dark"] {
        window.is_in(scheme).await;
        window.set_width(WIDE / 2, 1).await;
        pictures +=
            &format!("<img style='width:50%' src='data:image/png;base64,{}'>", take(&window).await);
    }
    pages::walk(stage, &window, ADA, async |name| {
        for scheme in ["light", "dark", "forced-colors"] {
            match scheme {
                "forced-colors" => window.force_colors().await,
                _ => window.is_in(scheme).await,
            }
            for (size, width) in [("wide", WIDE), ("phone", PHONE), ("narrow", NARROW)] {
                window.set_width(width, 1).await;
                save(&folder.join(format!("{name}-{scheme}-{size}.png")), &take(&window).await);
            }
        }
    })
    .await;
    window.visit("about:blank").await;
    window.set_width(WIDE, 1).await;
    let page = json!(format!("<body style='margin:0;display:flex'>{pictures}"));
    window.ask(&format!("document.write({page}); document.close(); await Promise.all([...document.images].map(i => i.decode()))")).await;
    save(&picture::picture(), &take(&window).await);
    fs::write(picture::digest_file(), picture::digest()).expect("a file");
}

/// A picture of the whole page, beyond the window too, in base64.
async fn take(window: &Window) -> String {
    let size = window.ask("return [innerWidth, document.documentElement.scrollHeight]").await;
    let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
    let wish = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    let picture = window.command("Page.captureScreenshot", wish).await;
    picture["data"].as_str().expect("a picture").to_owned()
}

fn save(path: &Path, picture: &str) {
    fs::write(path, BASE64.decode(picture).expect("base64")).expect("a file");
}
