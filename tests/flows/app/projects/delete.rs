//! Deleting a project, after a page that asks.

use super::add;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::site::Site;

/// Ada, with two projects, asked whether to delete the first.
async fn asked(site: &Site) -> Browser {
    let mut ada = ADA.at(site).await;
    add(site, 2).await;
    ada.visit("/app/projects").await;
    ada.click("Delete: Project 1").await;
    ada.must_see("Delete Project 1, with its notes?");
    ada
}

#[tokio::test]
async fn a_project_is_deleted_after_a_question() {
    let site = Site::start().await;
    let mut ada = asked(&site).await;
    assert_eq!(site.db.number("select count(*) from projects").await, 2);
    ada.press(DELETE_PROJECT).await;
    ada.must_be_at("/app/projects", 200);
    ada.must_see("Project deleted.");
    ada.must_see("Project 2");
    assert_eq!(site.db.number("select count(*) from projects").await, 1);
}

#[tokio::test]
async fn a_project_can_be_kept() {
    let site = Site::start().await;
    let mut ada = asked(&site).await;
    ada.click("Keep it").await;
    ada.must_be_at("/app/projects", 200);
    ada.must_see("Project 1");
}

#[tokio::test]
async fn a_project_that_was_deleted_meanwhile_is_not_found() {
    let site = Site::start().await;
    let mut ada = asked(&site).await;
    site.db.run("delete from projects").await;
    ada.press(DELETE_PROJECT).await;
    assert_eq!(ada.status, 404);
}

#[tokio::test]
async fn an_old_page_deletes_nothing_and_asks_again() {
    let site = Site::start().await;
    let mut ada = asked(&site).await;
    let mut form = ada.form(DELETE_PROJECT);
    form.forge("csrf", "AAAA");
    ada.send(form).await;
    assert_eq!(ada.status, 403);
    assert_eq!(site.db.number("select count(*) from projects").await, 2);
    ada.press(DELETE_PROJECT).await;
    ada.must_see("Project deleted.");
}
