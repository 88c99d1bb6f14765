//! The `projects` table: a worked example of a table of your own, with all of its SQL.
//!
//! Every statement names the owner (`user_id = …`), so the ID of a project is not enough to read or
//! to change it. An attacker who sends the ID of somebody else's project finds no row, as with an
//! ID that does not exist (insecure direct object reference, CWE-639, ASVS 8.2.2). Take the owner
//! from `LoggedIn`, never from the request.

#![allow(clippy::missing_errors_doc, reason = "a statement fails when the database fails")]

use serde_json::{Value, json};
use sqlx::PgExecutor;
use time::Date;
use uuid::Uuid;

use crate::accounts::user_id::UserId;
use crate::database::Connection;

/// The most projects that a user can have. Without a limit, one user can fill the disk.
pub const MOST: i64 = 200;

/// In the column as the name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Status {
    Planned,
    Active,
    Done,
}

pub struct Project {
    pub id: Uuid,
    pub name: String,
    pub notes: String,
    pub status: Status,
    pub due_on: Option<Date>,
    pub budget: i64,
    pub version: i32,
}

/// The checked values of a form.
pub struct Draft {
    pub name: String,
    pub notes: String,
    pub status: Status,
    pub due_on: Option<Date>,
    pub budget: i64,
}

/// The projects of a user that are older than the project `than`, the newest first; without `than`,
/// the newest ones. `search` is a part of the name; an empty one finds all.
///
/// The page begins after an ID, and not after a number of rows (keyset pagination). So a project
/// that is added or deleted meanwhile moves no other one to another page, and the last page costs
/// no more than the first.
pub async fn older(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    search: &str,
    than: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Project>> {
    sqlx::query_as!(
        Project,
        r#"select id, name, notes, status as "status: Status", due_on, budget, version
           from projects
           where user_id = $1 and name ilike $2 escape '\' and ($3::uuid is null or id < $3)
           order by id desc limit $4"#,
        user_id as _,
        pattern(search),
        than,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The projects of a user that are newer than the project `than`, the oldest first: the page
/// before, from its end.
pub async fn newer(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    search: &str,
    than: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<Project>> {
    sqlx::query_as!(
        Project,
        r#"select id, name, notes, status as "status: Status", due_on, budget, version
           from projects
           where user_id = $1 and name ilike $2 escape '\' and id > $3
           order by id limit $4"#,
        user_id as _,
        pattern(search),
        than,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The pattern of `ilike` that finds this text anywhere. `%` and `_` are wildcards, so those that
/// were typed are escaped: a search for "100%" finds just that.
fn pattern(search: &str) -> String {
    let escaped = search.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}

/// One project of a user. `None` if there is no such ID, or if it belongs to another user.
pub async fn find(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    id: Uuid,
) -> sqlx::Result<Option<Project>> {
    sqlx::query_as!(
        Project,
        r#"select id, name, notes, status as "status: Status", due_on, budget, version
           from projects where user_id = $1 and id = $2"#,
        user_id as _,
        id,
    )
    .fetch_optional(db)
    .await
}

/// Adds a project; `false` if the user has `MOST` already. The caller has locked the row of the
/// user, with `LoggedIn::begin`: concurrent requests of a user would otherwise count the same rows,
/// and pass the limit together.
pub async fn create(tx: &mut Connection, user_id: UserId, draft: &Draft) -> sqlx::Result<bool> {
    let created = sqlx::query!(
        "insert into projects (id, user_id, name, notes, status, due_on, budget)
         select $1, $2, $3, $4, $5, $6, $7
         where (select count(*) from projects where user_id = $2) < $8",
        Uuid::now_v7(),
        user_id as _,
        draft.name,
        draft.notes,
        draft.status as _,
        draft.due_on,
        draft.budget,
        MOST,
    );
    Ok(created.execute(tx).await?.rows_affected() == 1)
}

/// Changes a project; `false` if it is gone, or was changed since `version` was read. PostgreSQL
/// compares the version in the same statement that raises it, so of two edits that began with the
/// same version one is rejected, also when they arrive at once.
pub async fn update(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    id: Uuid,
    version: i32,
    draft: &Draft,
) -> sqlx::Result<bool> {
    let updated = sqlx::query!(
        "update projects set name = $4, notes = $5, status = $6, due_on = $7, budget = $8,
                version = version + 1
         where user_id = $1 and id = $2 and version = $3",
        user_id as _,
        id,
        version,
        draft.name,
        draft.notes,
        draft.status as _,
        draft.due_on,
        draft.budget,
    );
    Ok(updated.execute(db).await?.rows_affected() == 1)
}

/// Deletes a project; `false` if the user has none with this ID.
pub async fn delete(db: impl PgExecutor<'_>, user_id: UserId, id: Uuid) -> sqlx::Result<bool> {
    let deleted =
        sqlx::query!("delete from projects where user_id = $1 and id = $2", user_id as _, id);
    Ok(deleted.execute(db).await?.rows_affected() == 1)
}

/// The projects of a user for the export of their data, the oldest first.
pub async fn exported(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<Value>> {
    let rows = sqlx::query!(
        "select name, notes, status, due_on, budget from projects where user_id = $1 order by id",
        user_id as _,
    );
    let rows = rows.fetch_all(db).await?.into_iter().map(|row| {
        json!({
            "name": row.name,
            "notes": row.notes,
            "status": row.status,
            "due_on": row.due_on.map(|date| date.to_string()),
            "budget": row.budget,
        })
    });
    Ok(rows.collect())
}
