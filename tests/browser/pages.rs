//! Visits every page in every state. Linked pages are found automatically; states that need input
//! are listed here. So a new page needs no line here if another page links to it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::Person;
use crate::window::Window;

/// The practices look alike for everybody, so the walk of a user visits one.
const ONE_PRACTICE: &str = "/practices/id-regeneration";

/// Walks through the site and calls `look` with a name for each page.
pub async fn walk(
    stage: &BrowserTest<'_>,
    window: &Window,
    person: Person,
    look: impl AsyncFn(&str),
) {
    person.create_account(&stage.site).await;
    follow_links(window, "/", "", &look).await;

    window.visit("/register").await;
    window.fill(EMAIL, "ada@example").await;
    window.fill(PASSWORD, "too short").await;
    window.press(CREATE_ACCOUNT).await;
    look("register-problems").await;
    window.fill(EMAIL, person.email).await;
    window.fill(PASSWORD, "passwordpassword").await;
    window.press(CREATE_ACCOUNT).await;
    look("register-weak").await;
    window.fill(PASSWORD, person.password).await;
    window.press(CREATE_ACCOUNT).await;
    look("check-your-email").await;
    window.fill(CODE, "0000-0000").await;
    window.press(CONFIRM).await;
    look("wrong-code").await;
    newcomer(stage, window, &look).await;
    change_of_email(stage, window, &look).await;
    crate::two_step::walk(stage, window, &look).await;

    window.visit("/password/reset").await;
    window.fill(EMAIL, person.email).await;
    window.press(SEND_LINK).await;
    look("reset-asked").await;
    let letter = newest(&stage.site.db, person.email).await;
    window.visit("/dev/mailbox").await;
    look("mailbox").await;
    window.click(&letter.subject).await;
    look("mail").await;
    window.click("See the HTML version").await;
    window.must_see("We'll never ask you for it.").await;
    window.visit(&letter.link("/password/reset/")).await;
    look("reset-choose").await;
    window.fill(NEW_PASSWORD, "passwordpassword").await;
    window.press(CHANGE_PASSWORD).await;
    look("reset-weak").await;
    window.ask("document.querySelector('main [name=link]').value = 'of before'").await;
    window.fill(NEW_PASSWORD, person.password).await;
    window.press(CHANGE_PASSWORD).await;
    look("reset-other-link").await;
    window.visit("/not-me/nothing").await;
    look("dead-link").await;
    for (name, path) in
        [("dead-verify-link", "/email/verify/x"), ("dead-reset-link", "/password/reset/x")]
    {
        window.visit(path).await;
        look(name).await;
    }
    window.visit("/account").await;
    look("log-in-first").await;

    window.logs_in(Person { password: "not the password of anybody", ..person }).await;
    look("login-wrong").await;
    for (name, lost) in [("out-of-date", false), ("no-cookie", true)] {
        window.visit("/login").await;
        window.fill(EMAIL, person.email).await;
        window.fill(PASSWORD, person.password).await;
        if lost {
            window.driver.delete_all_cookies().await.expect("an empty jar");
        } else {
            window.ask("document.querySelector('main [name=csrf]').value = 'x'").await;
        }
        window.press(LOG_IN).await;
        look(name).await;
    }
    window.visit("/nowhere").await;
    look("not-found").await;
    window.visit("/login").await;
    window.ask("document.querySelector('main form').action = '/'").await;
    window.fill(EMAIL, person.email).await;
    window.fill(PASSWORD, person.password).await;
    window.press(LOG_IN).await;
    look("wrong-method").await;

    logged_in(stage, window, person, &look).await;
    window.logs_in(Person { password: "glacier pumpkin harmonica", ..person }).await;
    stage.site.app.db.close().await;
    window.visit("/app").await;
    look("busy").await;
}

/// Pages that need a login. They leave the person with the password "glacier pumpkin harmonica".
async fn logged_in(
    stage: &BrowserTest<'_>,
    window: &Window,
    person: Person,
    look: &impl AsyncFn(&str),
) {
    window.logs_in(person).await;
    window.must_be_at("/app").await;
    follow_links(window, "/app", "in-", look).await;
    crate::projects::walk(stage, window, look).await;
    fields(window, look).await;
    window.visit("/dev/session").await;
    look("session-opened").await;
    for (name, button) in [
        ("without-token", WITHOUT_TOKEN),
        ("replayed-as-cross-site", AS_CROSS_SITE),
        ("password-elsewhere", CHANGE_TEST_PASSWORD),
        ("ended-on-server", END_ON_SERVER),
    ] {
        window.visit("/app").await;
        window.press(button).await;
        look(name).await;
    }
    window.logs_in(person).await;
    person.log_in_on_new_device(&stage.site).await;
    window.visit("/account/sessions").await;
    look("two-devices").await;
    window.press(END_SESSION).await;
    look("device-ended").await;
    window.visit("/sudo?next=/account/export").await;
    look("sudo").await;
    window.fill(PASSWORD, "not the password of anybody").await;
    window.press(CONTINUE).await;
    look("sudo-wrong").await;
    window.visit("/account/password").await;
    window.fill(CURRENT_PASSWORD, "not the password of anybody").await;
    window.fill(NEW_PASSWORD, "glacier pumpkin harmonica").await;
    window.press(CHANGE_PASSWORD).await;
    look("password-wrong").await;
    window.fill(CURRENT_PASSWORD, person.password).await;
    window.fill(NEW_PASSWORD, "aaaaaaaaaaaaaaaaaaaa").await;
    window.press(CHANGE_PASSWORD).await;
    look("password-weak").await;
    window.fill(CURRENT_PASSWORD, person.password).await;
    window.fill(NEW_PASSWORD, "glacier pumpkin harmonica").await;
    window.press(CHANGE_PASSWORD).await;
    look("password-changed").await;
    let notice = newest(&stage.site.db, person.email).await;
    window.visit(&notice.link("/not-me/")).await;
    look("not-me").await;
    window.ask("document.querySelector('header [name=csrf]').value = 'x'").await;
    window.press(LOG_OUT).await;
    look("form-out-of-date").await;
    window.visit("/account").await;
    window.press(LOG_OUT).await;
    look("logged-out").await;

    window.logs_in(Person { password: "glacier pumpkin harmonica", ..person }).await;
    window.visit("/account/password").await;
    window.fill(CURRENT_PASSWORD, "glacier pumpkin harmonica").await;
    window.fill(NEW_PASSWORD, person.password).await;
    stage.site.db.run("delete from sessions").await;
    window.press(CHANGE_PASSWORD).await;
    look("session-ended").await;
}

/// A form with every kind of field, empty and with a problem at each.
async fn fields(window: &Window, look: &impl AsyncFn(&str)) {
    window.visit("/test/fields").await;
    look("fields").await;
    window
        .ask("document.querySelectorAll('main form').forEach(form => form.noValidate = true)")
        .await;
    window.press("Read the fields").await;
    look("fields-problems").await;
}

/// A person with a long email address, who verifies it in another browser.
async fn newcomer(stage: &BrowserTest<'_>, window: &Window, look: &impl AsyncFn(&str)) {
    let newcomer = Person {
        email: "augusta.ada.king.countess.of.lovelace@mathematics.of.london.example",
        password: "trombone velvet lighthouse",
    };
    window.visit("/register").await;
    window.fill(EMAIL, newcomer.email).await;
    window.fill(PASSWORD, newcomer.password).await;
    window.press(CREATE_ACCOUNT).await;
    window.logs_in(newcomer).await;
    look("login-before-confirming").await;
    let link = newest(&stage.site.db, newcomer.email).await.link("/email/verify/");
    window.visit(&link).await;
    look("confirm-here").await;
    window.driver.delete_all_cookies().await.expect("an empty jar");
    window.visit("/email/verify").await;
    look("check-your-email-elsewhere").await;
    window.visit(&link).await;
    look("confirm-elsewhere").await;
    window.fill(PASSWORD, "passwordpassword").await;
    window.press(CONFIRM_EMAIL).await;
    look("confirm-weak").await;
    window.fill(PASSWORD, newcomer.password).await;
    window.press(CONFIRM_EMAIL).await;
    window.must_be_at("/app").await;
    look("confirmed").await;
    window.visit(&link).await;
    look("in-already-confirmed").await;
    window.press(LOG_OUT).await;
    window.visit(&link).await;
    look("already-confirmed").await;
    let notice = newest(&stage.site.db, newcomer.email).await;
    window.visit(&notice.link("/not-me/")).await;
    window.press(NOT_ME).await;
    look("not-me-done").await;
}

/// A person who moves from one long email address to another one, and undoes it.
async fn change_of_email(stage: &BrowserTest<'_>, window: &Window, look: &impl AsyncFn(&str)) {
    let old = Person {
        email: "grace.brewster.murray.hopper@naval.reserve.of.the.united.states.example",
        password: "glacier pumpkin harmonica",
    };
    let new = "rear.admiral.grace.hopper.retired@computer.history.of.mountain.view.example";
    old.create_account(&stage.site).await;
    window.logs_in(old).await;
    window.visit("/account/email").await;
    window.fill(NEW_EMAIL, "grace@example").await;
    window.press(SEND_LINK).await;
    look("email-change-wrong").await;
    window.fill(NEW_EMAIL, new).await;
    window.press(SEND_LINK).await;
    look("email-change-asked").await;
    window.visit("/account").await;
    look("account-email-pending").await;
    window.visit("/email/change/x").await;
    look("dead-email-change-link").await;
    window.visit(&newest(&stage.site.db, new).await.link("/email/change/")).await;
    look("email-change").await;
    window.press(CHANGE_EMAIL).await;
    look("email-changed").await;
    window.press(LOG_OUT).await;
    let notice = newest(&stage.site.db, old.email).await;
    window.visit(&notice.link("/not-me/")).await;
    look("not-me-restores").await;
    window.press(NOT_ME).await;
    window.must_be_at("/password/reset/sent").await;
}

/// Visits each linked page once, except the mailbox and its mails. `/account/password` gets the
/// name `account-password`.
async fn follow_links(window: &Window, start: &str, prefix: &str, look: &impl AsyncFn(&str)) {
    let mut known = BTreeSet::from([start.to_owned()]);
    let mut ahead = vec![start.to_owned()];
    while let Some(path) = ahead.pop() {
        window.visit(&path).await;
        let links = window
            .ask(
                "return [...document.links].filter(link => link.origin === location.origin)
                     .map(link => link.pathname).filter(path => !path.startsWith('/dev/'))",
            )
            .await;
        let links = links.as_array().into_iter().flatten().filter_map(Value::as_str);
        let wanted = |link: &&str| {
            prefix.is_empty() || !link.starts_with("/practices/") || *link == ONE_PRACTICE
        };
        let links = links.filter(wanted);
        ahead.extend(links.filter(|link| known.insert((*link).to_owned())).map(str::to_owned));
        let name = if path == "/" { "home".to_owned() } else { path[1..].replace('/', "-") };
        look(&format!("{prefix}{name}")).await;
    }
}
