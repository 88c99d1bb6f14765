//! The pages of the worked example, in the states that need input. `pages` visits the others.

use crate::stage::BrowserTest;
use crate::support::labels::*;
use crate::window::Window;

pub async fn walk(stage: &BrowserTest<'_>, window: &Window, look: &impl AsyncFn(&str)) {
    window.visit("/app/projects/new").await;
    window
        .fill(NAME, "A bridge over the river of which nobody knows the name in any language")
        .await;
    window.fill(NOTES, "Stone.\nOr wood?").await;
    window.fill(BUDGET, "about 5").await;
    window.press(ADD_PROJECT).await;
    look("project-problems").await;
    window.fill(BUDGET, "1000000").await;
    window.press(ADD_PROJECT).await;
    look("project-added").await;
    let more = "insert into projects (id, user_id, name, notes, status, due_on, budget)
                select gen_random_uuid(), user_id, 'Project ' || n, '', 'done', '2026-11-24', n
                from projects, generate_series(1, 25) n";
    stage.site.db.run(more).await;
    window.visit("/app/projects").await;
    look("projects").await;
    window.click("Older").await;
    look("projects-older").await;
    window.fill("Part of the name", "100%").await;
    window.press("Search").await;
    look("projects-nothing-found").await;
    window.visit("/app/projects?q=%01").await;
    look("projects-search-wrong").await;
    window.visit("/app/projects?q=bridge").await;
    window.click("A bridge over the river of which nobody knows the name in any language").await;
    look("project-edit").await;
    stage.site.db.run("update projects set name = 'Tunnel', notes = E'One\nTwo', due_on = '2027-01-02', version = 2").await;
    window.press(SAVE_PROJECT).await;
    look("project-conflict").await;
    window.click("Delete this project").await;
    look("project-delete").await;
    window.press(DELETE_PROJECT).await;
    look("project-deleted").await;
    stage.site.db.run("delete from projects").await;
}
