//! The steps of a login: after the first factor, the second one if the account has one, then the
//! session.

use actix_web::{HttpRequest, HttpResponse};

use super::{record, start};
use crate::accounts::half_login;
use crate::accounts::second_factor;
use crate::web::error::Error;
use crate::web::factors;
use crate::web::next_page::{HOME, own_path};
use crate::web::page;
use crate::web::request_context::Login;
use crate::web::visitor::Visitor;

/// Continues a login after its first factor: with the first step that the account still needs, or
/// with the session.
pub async fn after_first_factor(
    req: &HttpRequest,
    visitor: &Visitor,
    login: Login,
    next: &str,
) -> Result<HttpResponse, Error> {
    if let Some(page) = second_factor_page(visitor, &login).await? {
        return wait_for(page, visitor, login, next).await;
    }
    complete(req, visitor, login, next).await
}

/// The page that asks for the second factor of an account, if it has one.
async fn second_factor_page(
    visitor: &Visitor,
    login: &Login,
) -> sqlx::Result<Option<&'static str>> {
    let all = second_factor::of(&visitor.app.db, login.user.id).await?;
    if all.is_empty() {
        return Ok(None);
    }
    let first = factors::by_kind(&all).into_iter().next();
    // Only kinds that this version does not know: the password alone must not log in.
    Ok(Some(first.map_or("/login/recovery-code", |owned| owned.factor.login_page)))
}

/// The login waits, without a session of the user, until the page of the step calls `complete`.
async fn wait_for(
    page: &str,
    visitor: &Visitor,
    login: Login,
    next: &str,
) -> Result<HttpResponse, Error> {
    let (app, next) = (&visitor.app, own_path(next, HOME));
    let id = half_login::begin(&app.db, &app.keys, &login.user, login.remembered, &next).await?;
    visitor.begin_half_way(id);
    page::redirect(page)
}

/// Records a login that has passed all steps, and begins its session.
pub async fn complete(
    req: &HttpRequest,
    visitor: &Visitor,
    login: Login,
    next: &str,
) -> Result<HttpResponse, Error> {
    record(visitor, &login.user).await?;
    start(req, visitor, login, next)
}
