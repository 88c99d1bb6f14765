//! Two-step login in a real browser. The app reads its secret from the picture of the QR code, and
//! not from the text beside it.

use png::{ColorType, Decoder, Transformations};
use url::Url;

use crate::stage::BrowserTest;
use crate::support::authenticator::Authenticator;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::people::{ADA, Person};
use crate::window::{PHONE, Window};

pub async fn an_app_is_set_up_from_the_qr_code(stage: &BrowserTest<'_>) {
    ADA.create_account(&stage.site).await;
    let window = stage.window().await;
    window.logs_in(ADA).await;
    window.visit("/account/totp").await;
    // As sharp as on a phone that is held before the screen.
    window.set_width(PHONE, 3).await;
    window.is_in("light").await;
    let in_light = scanned(&window).await;
    window.is_in("dark").await;
    let url = scanned(&window).await;
    assert_eq!(url, in_light);
    let url = Url::parse(&url).expect("a URL");
    assert_eq!((url.scheme(), url.host_str()), ("otpauth", Some("totp")));
    let mut fields = url.query().expect("a query").split('&');
    let label = fields.find_map(|field| field.strip_prefix("issuer=")).expect("an issuer");
    assert!(url.path().contains(label) && url.path().contains("ada%40example.com"), "{url}");
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    // A name of the app with a colon is shown without it.
    let name = stage.site.app.config.app_name.replace(':', "");
    assert_eq!(value("issuer").as_deref(), Some(&*name));
    let key = value("secret").expect("a secret").into_owned();
    assert_eq!(key, self::key(&window).await);

    let app = Authenticator::with_key(&key);
    window.fill(CODE, &app.code()).await;
    window.press(TURN_ON).await;
    window.must_see("Your authenticator app is set up.").await;
    window.press(LOG_OUT).await;
    clock::later(&stage.site.db, "30 seconds").await;
    window.logs_in(ADA).await;
    window.must_be_at("/login/totp").await;
    window.fill(CODE, &app.code()).await;
    window.press(LOG_IN).await;
    window.must_be_at("/app").await;
}

/// A person with a long email address, who sets up an authenticator app and logs in with it.
pub async fn walk(stage: &BrowserTest<'_>, window: &Window, look: &impl AsyncFn(&str)) {
    let person = Person {
        email: "katherine.coleman.goble.johnson@flight.research.of.langley.virginia.example",
        password: "whisper quarry albatross",
    };
    person.create_account(&stage.site).await;
    window.logs_in(person).await;
    window.visit("/account/totp").await;
    let app = Authenticator::with_key(&key(window).await);
    window.fill(CODE, &app.wrong_code()).await;
    window.press(TURN_ON).await;
    look("two-step-wrong").await;
    window.fill(CODE, &app.code()).await;
    window.press(TURN_ON).await;
    look("recovery-codes-new").await;
    let codes = window.text().await;
    let code = codes.lines().find(|line| line.len() == 29).expect("a recovery code").to_owned();
    window.visit("/account").await;
    look("account-two-step").await;
    window.visit("/account/totp").await;
    look("two-step-on").await;
    window.visit("/account/totp?replace=on").await;
    look("two-step-replace").await;
    window.visit("/account/recovery-codes").await;
    look("recovery-codes-left").await;
    window.visit("/sudo").await;
    look("sudo-two-step").await;
    window.press(LOG_OUT).await;
    window.logs_in(person).await;
    look("login-second-step").await;
    window.fill(CODE, &app.wrong_code()).await;
    window.press(LOG_IN).await;
    look("login-second-step-wrong").await;
    window.click("Use a recovery code").await;
    look("login-recovery-code").await;
    window.fill(RECOVERY_CODE, &code).await;
    window.press(LOG_IN).await;
    look("recovery-code-used").await;
    window.press(LOG_OUT).await;
}

/// The key of the app on the page, without spaces.
async fn key(window: &Window) -> String {
    let key = window.element("code.secret").await;
    key.text().await.expect("its text").split_whitespace().collect()
}

/// The text of the QR code on the screen.
async fn scanned(window: &Window) -> String {
    let qr_code = window.element("svg.qr").await;
    qr_code.scroll_into_view().await.expect("it on the screen");
    let picture = qr_code.screenshot_as_png().await.expect("a screenshot");
    let mut decoder = Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut pixels).expect("its pixels");
    let channels = match info.color_type {
        ColorType::Rgba => 4,
        ColorType::Rgb => 3,
        other => panic!("{other:?}"),
    };
    let (width, height) = (info.width as usize, info.height as usize);
    // The picture is black and white, so one channel has all there is to see.
    let grey = |x: usize, y: usize| pixels[(y * width + x) * channels];
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1, "QR codes on the screen");
    grids[0].decode().expect("a readable QR code").1
}
