//! The worked example: a list of projects with pages, a search and a limit.

pub mod access;
mod delete;
mod edit;
mod new;

use crate::attacks::wait_for_a_lock;
use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE};
use crate::support::site::Site;

/// Adds projects to the account of Ada: `Project 1`, `Project 2`, …, the last one the newest.
async fn add(site: &Site, count: usize) {
    let insert = "insert into projects (id, user_id, name, notes, status, budget)
                  select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, u.id,
                         'Project ' || n, 'Notes', 'active', n
                  from users u, generate_series(1, $1) n where email = $2";
    let added = sqlx::query(insert).bind(count as i32).bind(ADA.email).execute(&site.db.pool);
    assert_eq!(added.await.expect("to add them").rows_affected(), count as u64);
}

/// The names of the projects on the page, in its order.
fn names(browser: &Browser) -> Vec<String> {
    let text = browser.text();
    let lines = text.lines().filter(|line| line.starts_with("Project ") || line.contains('%'));
    lines.filter(|line| !line.starts_with("No project")).map(str::to_owned).collect()
}

fn expected(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("Project {number}")).collect()
}

#[tokio::test]
async fn without_a_project_the_page_leads_to_a_new_one() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    ada.click("Your projects").await;
    ada.must_be_at("/app/projects", 200);
    ada.must_see("You have no projects yet.");
    ada.click("Add your first one").await;
    ada.must_be_at("/app/projects/new", 200);
}

#[tokio::test]
async fn pages_have_the_newest_first_and_lead_back_and_forth() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, 45).await;
    ada.visit("/app/projects").await;
    assert_eq!(names(&ada), expected((26..=45).rev()));
    assert!(!ada.html().contains(">Newer<"));
    ada.click("Older").await;
    assert_eq!(names(&ada), expected((6..=25).rev()));
    ada.click("Older").await;
    assert_eq!(names(&ada), expected((1..=5).rev()));
    assert!(!ada.html().contains(">Older<"));
    ada.click("Newer").await;
    assert_eq!(names(&ada), expected((6..=25).rev()));
    ada.click("Newer").await;
    assert_eq!(names(&ada), expected((26..=45).rev()));
    assert!(!ada.html().contains(">Newer<"));
}

#[tokio::test]
async fn a_project_that_is_added_or_deleted_moves_no_other_to_another_page() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, 45).await;
    ada.visit("/app/projects").await;
    let newest = "insert into projects (id, user_id, name, notes, status, budget)
                  select gen_random_uuid(), id, 'Project 99', '', 'done', 99 from users";
    // A random ID is greater than those of `add`, which begin with zeros.
    site.db.run(newest).await;
    site.db.run("delete from projects where name in ('Project 26', 'Project 40')").await;
    ada.click("Older").await;
    assert_eq!(names(&ada), expected((6..=25).rev()));
    // Fewer than a page of newer ones are left: the first page is shown in full.
    ada.click("Newer").await;
    assert_eq!(
        names(&ada),
        expected([99, 45].into_iter().chain((27..45).rev().filter(|n| *n != 40)).chain([25]))
    );
    site.db.run("delete from projects where budget < 27").await;
    ada.visit("/app/projects?older=00000000-0000-7000-8000-000000000027").await;
    ada.must_see("Nothing older.");
    // There are newer ones with this text.
    ada.visit("/app/projects?q=4&older=00000000-0000-7000-8000-000000000027").await;
    ada.must_see("Nothing older.");
    ada.visit("/app/projects?older=x&newer=y").await;
    ada.must_see("Project 99");
}

#[tokio::test]
async fn a_search_finds_a_part_of_the_name_literally() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, 30).await;
    site.db.run(r"update projects set name = '100% \ A_b' where name = 'Project 7'").await;
    ada.visit("/app/projects").await;
    for (typed, found) in [
        ("%", 1),
        ("0%", 1),
        (r"\", 1),
        ("_", 1),
        ("a_B", 1),
        ("a%b", 0),
        ("project 1", 11),
        ("' or ''='", 0),
        ("  project 30 ", 1),
        ("", 20),
    ] {
        ada.submit("Search", &[("Part of the name", typed)]).await;
        assert_eq!(names(&ada).len(), found, "{typed}");
        assert_eq!(ada.field("Search", "Part of the name"), typed);
    }
    ada.submit("Search", &[("Part of the name", "<i>none</i>")]).await;
    ada.must_see("No project has “<i>none</i>” in its name.");
    ada.click("Show all projects").await;
    ada.must_be_at("/app/projects", 200);
}

#[tokio::test]
async fn the_pages_of_a_search_keep_the_search() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, 30).await;
    site.db.run("update projects set name = 'Project &' || budget where budget <= 25").await;
    ada.visit("/app/projects").await;
    ada.submit("Search", &[("Part of the name", "&")]).await;
    ada.click("Older").await;
    assert_eq!(names(&ada), ["Project &5", "Project &4", "Project &3", "Project &2", "Project &1"]);
    ada.click("Newer").await;
    assert_eq!(names(&ada)[0], "Project &25");
}

#[tokio::test]
async fn a_search_with_control_characters_or_too_long_is_rejected_at_its_field() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    for (query, message) in [("a%00", "control characters"), (&"x".repeat(81), "up to 80")] {
        ada.visit(&format!("/app/projects?q={query}")).await;
        assert_eq!(ada.status, 422);
        ada.must_see(message);
    }
}

#[tokio::test]
async fn a_user_sees_only_their_own_projects_also_in_a_search() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    let mut eve = EVE.at(&site).await;
    add(&site, 25).await;
    let of_ada = "00000000-0000-7000-8000-000000000020";
    for query in ["", "?q=Project", &format!("?older={of_ada}"), &format!("?newer={of_ada}")] {
        eve.visit(&format!("/app/projects{query}")).await;
        assert_eq!((eve.status, names(&eve)), (200, vec![]), "{query}");
    }
    ada.visit("/app/projects").await;
    assert_eq!(names(&ada).len(), 20);
}

#[tokio::test]
async fn the_export_has_the_projects_and_a_deleted_account_leaves_none() {
    let site = Site::start().await;
    let mut ada = ADA.at(&site).await;
    add(&site, 2).await;
    ada.visit("/account/export").await;
    ada.press(DOWNLOAD).await;
    let data: serde_json::Value = serde_json::from_str(ada.html()).expect("JSON");
    assert_eq!(data["projects"][1]["name"], "Project 2");
    assert_eq!(data["projects"].as_array().map(Vec::len), Some(2));
    ada.visit("/account/delete").await;
    ada.submit(DELETE_ACCOUNT, &[(EMAIL, ADA.email)]).await;
    assert_eq!(site.db.number("select count(*) from projects").await, 0);
}

/// A form can take seconds to arrive. Meanwhile its session is ended on another device.
#[tokio::test]
async fn a_session_that_ends_while_its_form_arrives_changes_nothing() {
    let page = "/app/projects/00000000-0000-7000-8000-000000000001";
    for (page, button, fields) in [
        ("/app/projects/new".to_owned(), ADD_PROJECT, vec![(NAME, "Bridge"), (BUDGET, "1")]),
        (format!("{page}/edit"), SAVE_PROJECT, vec![(NAME, "Bridge")]),
        (format!("{page}/delete"), DELETE_PROJECT, vec![]),
    ] {
        let site = Site::start().await;
        let mut ada = ADA.at(&site).await;
        add(&site, 1).await;
        ada.visit(&page).await;
        ada.must_be_at(&page, 200);
        let mut ending = site.db.pool.begin().await.expect("a transaction");
        for statement in ["select from users for update", "delete from sessions"] {
            sqlx::query(statement).execute(&mut *ending).await.expect("to end it");
        }
        tokio::join!(ada.submit(button, &fields), async {
            wait_for_a_lock(&site.db, 1).await;
            ending.commit().await.expect("to commit");
        });
        assert!(ada.path.starts_with("/login"), "{button}: {}", ada.path);
        let left = sqlx::query_scalar("select name from projects").fetch_all(&site.db.pool).await;
        let left: Vec<String> = left.expect("the projects");
        assert_eq!(left, ["Project 1"], "{button}");
    }
}
