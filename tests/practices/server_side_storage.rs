//! Server-side sessions: express-session with connect-pg-simple, not cookie-session.
//!
//! The cookie holds only a random session ID, so deleting the row ends the session. The table holds
//! only hashes of the IDs, so a stolen dump is no use for logging in. A page with a session costs
//! one SQL statement, counted by a proxy in front of PostgreSQL.

use app::web::cookies::SESSION;
use app::web::encrypted_cookie::{decrypt, encrypt};

use crate::support::clock;
use crate::support::database::database_with;
use crate::support::people::ADA;
use crate::support::postgres_wire::StatementCounter;
use crate::support::site::Site;
use crate::support::touches::Touches;

#[tokio::test]
async fn the_cookie_contains_a_random_id_and_no_data() {
    let site = Site::start().await;
    let ada = ADA.create_account(&site).await;
    let key = site.app.keys.cookies().next().expect("a key");
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut browser = ADA.log_in_on_new_device(&site).await;
        browser.keep_value("milk").await;
        let name = decrypt(key, SESSION, &browser.cookie(SESSION).expect("a session"));
        names.push(name.expect("sealed by our key"));
    }
    for name in &names {
        assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        for secret in [ADA.email, "milk", &ada.id.to_string(), &ada.id.to_string().replace('-', "")]
        {
            assert!(!name.contains(secret));
        }
    }
    // IDs of two logins of one user share no more characters than chance allows: about 1 in 62.
    let alike = names[0].bytes().zip(names[1].bytes()).filter(|(one, other)| one == other).count();
    assert!(alike < 16, "{alike} of 64 characters are the same");
}

#[tokio::test]
async fn deleting_the_row_logs_the_user_out_at_once() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    assert_eq!(site.db.run("delete from sessions").await, 1);
    browser.visit("/app").await;
    browser.must_be_at("/login?next=%2Fapp", 200);
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn a_stolen_dump_logs_nobody_in_even_with_the_keys() {
    let site = Site::start().await;
    ADA.at(&site).await;
    let dump: Vec<String> = sqlx::query_scalar(
        "select unnest(array[encode(id_hash, 'hex'), encode(id_hash, 'base64'), id::text,
                public_id::text, encode(csrf_binding, 'hex'), encode(csrf_binding, 'base64')])
         from sessions",
    )
    .fetch_all(&site.db.pool)
    .await
    .expect("the dump");
    assert_eq!(dump.len(), 6);
    let key = site.app.keys.cookies().next().expect("a key");
    for value in dump {
        for cookie in [value.clone(), encrypt(key, SESSION, value.clone())] {
            let mut thief = site.browser();
            thief.plant_cookie(SESSION, &cookie);
            thief.visit("/app").await;
            thief.must_be_at("/login?next=%2Fapp", 200);
        }
    }
}

#[tokio::test]
async fn a_page_with_a_session_runs_one_statement_and_without_none() {
    let db = database_with(10).await;
    let wire = StatementCounter::to(&db).await;
    let site = Site::on(db, &[("DATABASE_URL", &wire.url)]).await;
    let mut browser = ADA.at(&site).await;
    wire.statements();
    for _ in 0..3 {
        browser.visit("/app").await;
        assert_eq!(wire.statements(), 1);
    }
    let mut stranger = site.browser();
    for path in ["/", "/login", "/register", "/static/0/mark.svg"] {
        stranger.visit(path).await;
        assert_eq!(wire.statements(), 0, "{path}");
    }
    for path in ["/static/0/mark.svg", "/favicon.ico"] {
        browser.visit(path).await;
        assert_eq!(wire.statements(), 0, "{path} with a session");
    }

    // Once a minute there is a second statement, the touch, for which no response waits.
    let mut touches = Touches::watch(&site.db).await;
    clock::later(&site.db, "2 minutes").await;
    browser.visit("/app").await;
    touches.once().await;
    assert_eq!(wire.statements(), 2);
    browser.visit("/app").await;
    assert_eq!(wire.statements(), 1);
}
