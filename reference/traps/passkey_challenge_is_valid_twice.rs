//! webauthn-rs 0.6: the state of a ceremony has no time, and can be used again. So a response that
//! was recorded is a login as often as it is sent, if the state is in a cookie or in a session from
//! which it is not removed. `src/accounts/passkey/challenge.rs::take` deletes the row with the
//! state when it is used, and finds it for a few minutes only.

use serde_json::{from_value, to_value};
use url::Url;
use uuid::Uuid;
use webauthn_rs::WebauthnBuilder;

use crate::support::passkey::Device;

#[tokio::test]
async fn one_response_passes_as_often_as_it_is_sent() {
    let origin = Url::parse("https://example.com").expect("a URL");
    let webauthn = WebauthnBuilder::new("example.com", &origin).and_then(WebauthnBuilder::build);
    let webauthn = webauthn.expect("a relying party");
    let mut device = Device::with_origin(origin);

    let started = webauthn.start_passkey_registration(Uuid::new_v4(), "ada", "Ada", None);
    let (options, state) = started.expect("a challenge");
    let made = device.makes(&to_value(options).expect("JSON")).await;
    let made = from_value(made).expect("a new passkey");
    let passkey = webauthn.finish_passkey_registration(&made, &state).expect("a passkey");

    let started = webauthn.start_passkey_authentication(std::slice::from_ref(&passkey));
    let (options, state) = started.expect("a challenge");
    let signed = device.signs(&to_value(options).expect("JSON")).await;
    let signed = from_value(signed).expect("a signature");
    for _ in 0..2 {
        webauthn.finish_passkey_authentication(&signed, &state).expect("a login");
    }
}
