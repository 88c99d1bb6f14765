//! One tour through the main flows, from the sign-up to a password reset.

use crate::stage::Stage;
use crate::support::people::{ADA, EVE, GRACE};
use crate::window::{Scripts, Window};

pub async fn a_person_comes_in_looks_around_and_leaves(stage: &Stage<'_>) {
    tour(&stage.window().await).await;
}

pub async fn every_step_works_without_scripts(stage: &Stage<'_>) {
    let window = stage.window_with(Scripts::Off).await;
    window.visit("/login").await;
    // A script adds this button, so its absence shows that scripts are off.
    assert!(!window.text().await.contains("Show"), "scripts are off");
    tour(&window).await;
}

async fn tour(window: &Window) {
    window.visit("/").await;
    window.click("Create an account").await;
    window.fill("E-mail", ADA.email).await;
    window.fill("Password", ADA.password).await;
    window.press("Register").await;
    window.must_be_at("/email/verify").await;
    window.must_see(ADA.email).await;
    follows_the_link(window, "Confirm your email", "/email/verify/").await;
    window.press("Confirm my email").await;
    window.must_be_at("/app").await;
    window.must_see("Your email is confirmed").await;
    window.must_see(ADA.email).await;

    window.fill("Note", "Water the lemon tree").await;
    window.press("Keep the note").await;
    window.must_see("The note is kept").await;
    let note = window.field("Note").await.attr("value").await.expect("the note");
    assert_eq!(note.as_deref(), Some("Water the lemon tree"));

    window.click("Account").await;
    window.click("Change").await;
    window.fill("Current password", ADA.password).await;
    window.fill("New password", GRACE.password).await;
    window.press("Change password").await;
    window.must_be_at("/account").await;
    window.must_see("Your password is changed").await;

    window.press("Log out").await;
    window.must_be_at("/login").await;
    window.must_see("You are logged out").await;

    window.visit("/account").await;
    window.must_be_at("/login?next=%2Faccount").await;
    window.fill("E-mail", ADA.email).await;
    window.fill("Password", ADA.password).await;
    window.press("Log in").await;
    window.must_see("Wrong email or password").await;
    window.fill("Password", GRACE.password).await;
    window.tick("Stay logged in on this device").await;
    window.press("Log in").await;
    window.must_be_at("/account").await;
    window.click("Dashboard").await;
    window.must_see("or after 14 days without activity").await;

    window.press("Log out").await;
    window.click("Forgotten your password?").await;
    window.fill("E-mail", ADA.email).await;
    window.press("Send the link").await;
    window.must_see("a link is on its way").await;
    follows_the_link(window, "Choose a new password", "/password/reset/").await;
    window.must_be_at("/password/reset/choose").await;
    window.fill("New password", EVE.password).await;
    window.press("Change password").await;
    window.must_be_at("/login").await;
    window.fill("E-mail", ADA.email).await;
    window.fill("Password", EVE.password).await;
    window.press("Log in").await;
    window.must_be_at("/app").await;
}

/// Opens the newest mail with this subject, and follows its link.
async fn follows_the_link(window: &Window, subject: &str, part: &str) {
    window.click("the mailbox").await;
    window.click(subject).await;
    let mail = window.text().await;
    let link = mail.split_whitespace().find(|word| word.contains(part));
    window.click(link.expect("a link in the mail")).await;
}
