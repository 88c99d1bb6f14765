//! Changing a project, and what happens when two tabs change it.

use super::add;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

const MISSING: &str = "We can't find this project, so nothing was saved.";
const CONFLICT: &str = "This project was changed since you opened it";

/// Ada, with the form of her only project open.
async fn opened(site: &Site) -> Browser {
    let mut ada = ADA.at(site).await;
    add(site, 1).await;
    ada.visit("/app/projects").await;
    ada.click("Project 1").await;
    ada
}

async fn saved(site: &Site) -> String {
    let row = "select concat_ws('|', name, notes, status, due_on, budget, version) from projects";
    sqlx::query_scalar(row).fetch_one(&site.db.pool).await.expect("the project")
}

#[tokio::test]
async fn a_project_is_changed() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    let fields = [(NAME, "Bridge"), (NOTES, ""), (STATUS, "Done"), (DUE_DATE, "2027-01-02")];
    ada.submit(SAVE_PROJECT, &fields).await;
    ada.must_be_at("/app/projects", 200);
    ada.must_see("Project saved.");
    assert_eq!(saved(&site).await, "Bridge||done|2027-01-02|1|2");
}

#[tokio::test]
async fn mistakes_are_shown_at_their_fields_and_change_nothing() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    ada.submit(SAVE_PROJECT, &[(NAME, ""), (BUDGET, "-1")]).await;
    assert_eq!(ada.status, 422);
    ada.must_see("Fill in this field.");
    ada.must_see("Enter a whole number from 0 to 1000000.");
    assert_eq!(saved(&site).await, "Project 1|Notes|active|1|1");
    ada.submit(SAVE_PROJECT, &[(NAME, "Bridge"), (BUDGET, "5")]).await;
    assert_eq!(saved(&site).await, "Bridge|Notes|active|5|2");
}

#[tokio::test]
async fn an_edit_of_an_older_version_overwrites_nothing_and_loses_nothing() {
    let site = Site::start().await;
    let mut first = opened(&site).await;
    let mut second = first.clone();
    first.submit(SAVE_PROJECT, &[(NAME, "First"), (NOTES, "of the first tab")]).await;
    first.must_see("Project saved.");

    second.submit(SAVE_PROJECT, &[(NAME, "Second"), (BUDGET, "7")]).await;
    assert_eq!(second.status, 422);
    second.must_see(CONFLICT);
    // The typed values, and the saved ones.
    assert_eq!(second.field(SAVE_PROJECT, NAME), "Second");
    assert_eq!(second.field(SAVE_PROJECT, BUDGET), "7");
    second.must_see("The saved project");
    second.must_see("First");
    second.must_see("of the first tab");
    assert_eq!(saved(&site).await, "First|of the first tab|active|1|2");

    // A third change meanwhile is another conflict.
    site.db.run("update projects set name = 'Third', version = version + 1").await;
    second.press(SAVE_PROJECT).await;
    second.must_see(CONFLICT);
    second.must_see("Third");
    second.press(SAVE_PROJECT).await;
    second.must_see("Project saved.");
    assert_eq!(saved(&site).await, "Second|Notes|active|7|4");
}

#[tokio::test]
async fn of_edits_at_once_only_one_is_saved() {
    let site = Site::start().await;
    let ada = opened(&site).await;
    let edits = ["one", "two", "three", "four"].map(|name| {
        let mut browser = ada.clone();
        async move {
            browser.submit(SAVE_PROJECT, &[(NAME, name)]).await;
            browser.status
        }
    });
    let mut statuses = futures_util::future::join_all(edits).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422]);
    assert!(saved(&site).await.ends_with("|2"));
}

#[tokio::test]
async fn a_form_without_its_version_is_a_conflict() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    for version in ["0", "2", "-1"] {
        let mut form = ada.form(SAVE_PROJECT);
        form.forge("version", version);
        ada.send(form).await;
        assert_eq!(ada.status, 422, "{version}");
        ada.must_see(CONFLICT);
    }
    let mut form = ada.form(SAVE_PROJECT);
    form.forge("version", "one");
    ada.send(form).await;
    assert_eq!(ada.status, 400);
    assert_eq!(saved(&site).await, "Project 1|Notes|active|1|1");
}

#[tokio::test]
async fn a_project_that_was_deleted_meanwhile_can_be_added_again_with_what_was_typed() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    site.db.run("delete from projects").await;
    let typed = [(NAME, "Bridge"), (NOTES, "Of stone"), (STATUS, "Done"), (BUDGET, "many")];
    ada.submit(SAVE_PROJECT, &typed).await;
    assert_eq!(ada.status, 404);
    ada.must_see(MISSING);
    assert_eq!(ada.field(ADD_PROJECT, NAME), "Bridge");
    assert_eq!(ada.field(ADD_PROJECT, BUDGET), "many");
    ada.submit(ADD_PROJECT, &[(BUDGET, "7")]).await;
    ada.must_see("Project added.");
    assert_eq!(saved(&site).await, "Bridge|Of stone|done|7|1");
}

#[tokio::test]
async fn an_old_page_of_a_deleted_project_keeps_what_was_typed() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    site.db.run("delete from projects").await;
    let mut form = ada.form(SAVE_PROJECT);
    form.fill(NAME, "Bridge").expect("the field");
    form.forge("csrf", "AAAA");
    ada.send(form).await;
    assert_eq!(ada.status, 403);
    ada.must_see(MISSING);
    assert_eq!(ada.field(ADD_PROJECT, NAME), "Bridge");
    assert_eq!(site.db.number("select count(*) from projects").await, 0);
    ada.press(ADD_PROJECT).await;
    ada.must_see("Project added.");
}

/// The text says nothing about the project: the same was sent for each.
#[tokio::test]
async fn a_deleted_project_looks_like_somebody_elses_and_like_one_that_never_existed() {
    let site = Site::start().await;
    EVE.create_account(&site).await;
    let ada = opened(&site).await;
    let own = "00000000-0000-7000-8000-000000000001";
    let foreign = "00000000-0000-7000-8000-000000000002";
    let to_eve = "insert into projects (id, user_id, name, notes, status, budget)
                  select '00000000-0000-7000-8000-000000000002', id, 'Secret', 'of Eve', 'done', 9
                  from users where email like 'eve%'";
    site.db.run(to_eve).await;
    site.db.run("delete from projects where name = 'Project 1'").await;
    let mut texts = Vec::new();
    for id in [own, foreign, "00000000-0000-4000-8000-000000000000", "x"] {
        let mut ada = ada.clone();
        let mut form = ada.form(SAVE_PROJECT);
        form.fill(NAME, "Bridge").expect("the field");
        form.action.set_path(&format!("/app/projects/{id}/edit"));
        ada.send(form).await;
        assert_eq!((ada.status, ada.field(ADD_PROJECT, NAME)), (404, "Bridge".to_owned()), "{id}");
        texts.push(ada.text());
    }
    assert!(texts.iter().all(|text| *text == texts[0] && !text.contains("Secret")), "{texts:?}");
}

#[tokio::test]
async fn an_old_page_changes_nothing_and_keeps_what_was_typed() {
    let site = Site::start().await;
    let mut ada = opened(&site).await;
    let mut form = ada.form(SAVE_PROJECT);
    form.fill(NAME, "Bridge").expect("the field");
    form.forge("csrf", "AAAA");
    ada.send(form).await;
    assert_eq!(ada.status, 403);
    assert_eq!(ada.field(SAVE_PROJECT, NAME), "Bridge");
    assert_eq!(saved(&site).await, "Project 1|Notes|active|1|1");
}
