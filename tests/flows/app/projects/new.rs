//! Adding a project.

use app::flows::app::projects::NOTES_MAX;
use app::projects::MOST;

use super::add;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

const PAGE: &str = "/app/projects/new";

#[tokio::test]
async fn a_project_is_added_with_all_its_values() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for status in ["Planned", "Active", "Done"] {
        ada.visit(PAGE).await;
        let fields = [
            (NAME, " A bridge "),
            (NOTES, "Stone.\r\n\r\nOr wood?"),
            (STATUS, status),
            (DUE_DATE, "2028-02-29"),
            (BUDGET, "1000000"),
        ];
        ada.submit(ADD_PROJECT, &fields).await;
        ada.must_be_at("/app/projects", 200);
        ada.must_see("Project added.");
        ada.must_see(status);
        ada.must_see("29 February 2028");
        ada.click("A bridge").await;
        assert_eq!(ada.field(SAVE_PROJECT, NOTES), "Stone.\n\nOr wood?");
        assert_eq!(ada.field(SAVE_PROJECT, STATUS), status.to_lowercase());
        assert_eq!(ada.field(SAVE_PROJECT, DUE_DATE), "2028-02-29");
        assert_eq!(ada.field(SAVE_PROJECT, BUDGET), "1000000");
        site.db.run("delete from projects").await;
    }
}

#[tokio::test]
async fn mistakes_are_shown_at_their_fields_and_nothing_is_lost() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit(PAGE).await;
    let fields = [(NAME, "A bridge"), (NOTES, "Stone"), (DUE_DATE, "soon"), (BUDGET, "1000001")];
    ada.submit(ADD_PROJECT, &fields).await;
    ada.must_be_at(PAGE, 422);
    ada.must_see("Enter a date that exists, like 2026-11-24.");
    ada.must_see("Enter a whole number from 0 to 1000000.");
    for (label, typed) in fields {
        assert_eq!(ada.field(ADD_PROJECT, label), typed, "{label}");
    }
    assert_eq!(site.db.number("select count(*) from projects").await, 0);
    ada.submit(ADD_PROJECT, &[(DUE_DATE, ""), (BUDGET, "0")]).await;
    ada.must_see("Project added.");
}

#[tokio::test]
async fn a_form_cannot_name_another_owner() {
    let site = Site::start().await;
    EVE.create_account(&site).await;
    let mut ada = ADA.at(&site).await;
    ada.visit(PAGE).await;
    let mut form = ada.form(ADD_PROJECT);
    form.fill(NAME, "A bridge").expect("the field");
    form.fill(BUDGET, "0").expect("the field");
    let of_eve = "select id::text from users where email like 'eve%'";
    let eve: String = sqlx::query_scalar(of_eve).fetch_one(&site.db.pool).await.expect("her ID");
    form.forge("user_id", &eve);
    form.forge("id", "00000000-0000-4000-8000-000000000000");
    ada.send(form).await;
    ada.must_see("Project added.");
    let of_ada = "select count(*) from projects p join users u on u.id = p.user_id
                  where u.email like 'ada%' and p.id <> '00000000-0000-4000-8000-000000000000'";
    assert_eq!(site.db.number(of_ada).await, 1);
}

#[tokio::test]
async fn a_user_has_a_limited_number_of_projects_also_with_concurrent_requests() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, MOST as usize - 1).await;
    ada.visit(PAGE).await;
    let adds = (0..5).map(|_| {
        let mut browser = ada.clone();
        async move {
            browser.submit(ADD_PROJECT, &[(NAME, "One more"), (BUDGET, "0")]).await;
            browser
        }
    });
    let browsers = futures_util::future::join_all(adds).await;
    let added = browsers.iter().filter(|browser| browser.status == 200).count();
    assert_eq!(added, 1);
    let rejected = browsers.iter().find(|browser| browser.status == 422).expect("a rejection");
    rejected.must_see("You can have up to 200 projects. Delete one to add another.");
    assert_eq!(rejected.field(ADD_PROJECT, NAME), "One more");
    assert_eq!(site.db.number("select count(*) from projects").await, MOST);
}

#[tokio::test]
async fn an_old_page_adds_nothing_and_keeps_what_was_typed() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.visit(PAGE).await;
    let mut form = ada.form(ADD_PROJECT);
    form.fill(NAME, "A bridge").expect("the field");
    form.forge("csrf", "AAAA");
    ada.send(form).await;
    ada.must_be_at(PAGE, 403);
    assert_eq!(ada.field(ADD_PROJECT, NAME), "A bridge");
    assert_eq!(site.db.number("select count(*) from projects").await, 0);
}

/// The limit of the field must be below that of the form, or long notes are lost with a 413 page.
#[tokio::test]
async fn the_longest_notes_fit_into_the_form_in_every_script() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for character in ["n", "ж", "字", "𝄞"] {
        ada.visit(PAGE).await;
        let notes = character.repeat(NOTES_MAX);
        let name = character.repeat(80);
        ada.submit(ADD_PROJECT, &[(NAME, &name), (NOTES, &notes), (BUDGET, "0")]).await;
        ada.must_see("Project added.");
    }
    let longest = "select count(*) from projects where length(notes) = 1000";
    assert_eq!(site.db.number(longest).await, 4);
    ada.visit(PAGE).await;
    let notes = "n".repeat(NOTES_MAX + 1);
    ada.submit(ADD_PROJECT, &[(NAME, "One more"), (NOTES, &notes), (BUDGET, "0")]).await;
    ada.must_see("Use up to 1000 characters.");
}
