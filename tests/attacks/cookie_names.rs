//! Cookie tossing: from a sibling subdomain, or as a man in the middle of plain HTTP, the attacker
//! sets a cookie whose name becomes `__Host-session` only when it is decoded or trimmed.
//!
//! Why it matters: browsers enforce `__Host-` for names as they are written. actix decodes
//! `%5F%5FHost-session`, trims Unicode spaces and takes the first of two. The victim would work in
//! the attacker's account and leave data there. One cookie that is not UTF-8 makes actix drop all
//! cookies, so the victim is logged out for as long as it exists.
//! Stops in: `src/web/cookies.rs` (`known_cookies` compares raw bytes, and drops repeated names).
//! Sources: ASVS 5.0 3.3.3; RFC 6265bis; `PortSwigger` "Cookie Chaos"; CVE-2020-8184 (Rack).

use app::web::cookies::SESSION;

use super::{get, is_logged_in};
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Victim,
    Nobody,
}
use Who::{Nobody, Victim};

/// Cookie headers. `V` and `A` stand for the session cookies of the victim and the attacker.
#[rustfmt::skip]
const ATTACKS: &[(&[u8], Who)] = &[
    (b"__Host-session=V", Victim),
    // A name that decodes to `__Host-session`
    (b"%5F%5FHost-session=A", Nobody),
    (b"%5F%5FHost-session=A; __Host-session=V", Victim),
    (b"__Host-session=V; %5F%5FHost-session=A", Victim),
    (b"__Host%2Dsession=A; __Host-session=V", Victim),
    (b"%5f_Host-session=A; __Host-session=V", Victim),
    // Spaces that Rust trims and browsers do not
    (b"\xe2\x80\x80__Host-session=A; __Host-session=V", Victim),
    (b"__Host-session\xe2\x80\x80=A; __Host-session=V", Victim),
    (b"\xc2\xa0__Host-session=A; __Host-session=V", Victim),
    (b"\xc2\x85__Host-session=A; __Host-session=V", Victim),
    (b"\xa0__Host-session=A; __Host-session=V", Victim),
    (b"\xe3\x80\x80__Host-session=A", Nobody),
    // The name occurs twice: neither value is used
    (b"__Host-session=A; __Host-session=V", Nobody),
    (b"__Host-session=V; __Host-session=A", Nobody),
    (b"__Host-session=V\nCookie: __Host-session=A", Nobody),
    (b"__Host-session=A\nCookie: __Host-session=V", Nobody),
    // HTTP/2 may split the header
    (b"a=1\nCookie: __Host-session=V", Victim),
    (b"__Host-session=V\nCookie: %5F%5FHost-session=A", Victim),
    // Other spellings
    (b"__host-session=A; __Host-session=V", Victim),
    (b"__HOST-SESSION=A", Nobody),
    (b"__Host-session =A", Nobody),
    (b"=__Host-session=A; __Host-session=V", Victim),
    (b"=__Host-session=A", Nobody),
    (b"$Version=1; __Host-session=A; $Path=/; __Host-session=V", Nobody),
    (b"$Version=1; __Host-session=V; $Path=/", Victim),
    (b"session=A; id=A; __Secure-session=A; __Host-session=V", Victim),
    (b"a=\"; __Host-session=V; b=\"", Victim),
    (b"__Host-visitor=A; __Host-session=V", Victim),
    (b"a=__Host-session=A, __Host-session=A; __Host-session=V", Victim),
    // Malformed pairs, which must not affect a valid one
    (b"a=\xff\xfe; __Host-session=V", Victim),
    (b"\xff\xfe=a; __Host-session=V", Victim),
    (b"a=%ff%zz; __Host-session=V", Victim),
    (b";;; ;=;__Host-session=V;", Victim),
    (b"__Host-session", Nobody),
    (b"__Host-session=", Nobody),
    (b"__Host-session=\xff", Nobody),
    (b"__Host-session=%00", Nobody),
];

/// Attacks that are a session cookie alone, whose value cannot be decrypted.
const UNREADABLE: [&str; 3] = ["__Host-session=", "__Host-session=\\xff", "__Host-session=%00"];

#[tokio::test]
async fn only_the_victims_own_session_cookie_is_accepted() {
    let site = Site::start().await;
    let (ada, eve) = (ADA.at(&site).await, EVE.at(&site).await);
    let value =
        |browser: &crate::support::browser::Browser| browser.cookie(SESSION).expect("a cookie");
    let (victims, attackers) = (value(&ada), value(&eve));

    let many = (0..100).map(|n| format!("c{n}=A; ")).collect::<String>() + "__Host-session=V";
    let large = format!("a={}; __Host-session=V", "x".repeat(8 * 1024));
    let more = [(many.as_bytes(), Victim), (large.as_bytes(), Victim)];
    for (attack, expected) in ATTACKS.iter().copied().chain(more) {
        let mut header = b"Cookie: ".to_vec();
        for (at, byte) in attack.iter().enumerate() {
            // Replaces `=V` and `=A` at the end of a pair.
            let ends = matches!(attack.get(at + 1), None | Some(b';' | b'\n' | b','));
            match byte {
                b'V' if ends && attack[at - 1] == b'=' => header.extend(victims.as_bytes()),
                b'A' if ends && attack[at - 1] == b'=' => header.extend(attackers.as_bytes()),
                b'\n' => header.extend(b"\r\n"),
                byte => header.push(*byte),
            }
        }
        header.extend(b"\r\n");
        let answer = get(&site, "/app", &header).await;
        let shown = attack[..attack.len().min(80)].escape_ascii().to_string();
        let page = answer.text();
        assert!(!page.contains(EVE.email), "{shown}: the attacker's account");
        let who = match answer.status {
            200 if page.contains(ADA.email) => Victim,
            303 => Nobody,
            status => panic!("{shown}: {status}"),
        };
        assert_eq!(who, expected, "{shown}");
        // A session cookie that no key decrypts is removed. A similar name is ignored: removing the
        // session cookie for it would log the victim out for as long as it exists.
        let removed = answer.all("set-cookie").iter().any(|line| line.starts_with(SESSION));
        assert_eq!(removed, UNREADABLE.contains(&shown.as_str()), "{shown}: the victim's cookie");
    }
    assert!(is_logged_in(ada).await, "the victim is logged out");
}

#[tokio::test]
async fn a_cookie_value_is_invalid_under_the_name_of_another_cookie() {
    // One key encrypts both cookies, but each value is bound to its cookie's name.
    let site = Site::start().await;
    let ada = ADA.at(&site).await;
    let mut eve = site.browser();
    eve.visit("/login").await;
    let visitors = eve.cookie("__Host-visitor").expect("the visitor's cookie");
    let session = ada.cookie(SESSION).expect("the session cookie");
    let swapped = format!("Cookie: {SESSION}={visitors}; __Host-visitor={session}\r\n");
    assert_eq!(get(&site, "/app", swapped.as_bytes()).await.status, 303);
    assert_eq!(get(&site, "/login", swapped.as_bytes()).await.status, 200);
}
