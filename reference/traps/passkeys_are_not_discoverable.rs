//! webauthn-rs 0.6: `start_passkey_registration` asks the authenticator not to store the passkey. A
//! login without an email address then finds none. `src/passkeys/ceremony.rs::ask_for_new` sets
//! `resident_key` to `Required` before the browser is asked.

use serde_json::to_value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::WebauthnBuilder;

#[test]
fn the_browser_is_asked_for_a_key_that_is_not_stored() {
    let origin = Url::parse("https://example.com").expect("a URL");
    let webauthn = WebauthnBuilder::new("example.com", &origin).and_then(WebauthnBuilder::build);
    let (challenge, _) = webauthn
        .expect("a relying party")
        .start_passkey_registration(Uuid::new_v4(), "ada", "Ada", None)
        .expect("a challenge");
    let selection = &to_value(challenge).expect("JSON")["publicKey"]["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "discouraged");
    assert_eq!(selection["requireResidentKey"], false);
}
