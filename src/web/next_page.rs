//! The page after a login: `next` of the login form, if that is a path of this site.

use std::future::{Ready, ready};

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::{Error, see_other};
use super::flash::{Flash, FlashKind};
use super::request_context::{RequestContext, StaleCookie};
use crate::state::AppState;

/// The page after a login without a valid `next`.
pub const HOME: &str = "/app";
/// The maximum length of `next`, because it is put into a `Location` header.
const NEXT_MAX: usize = 512;

/// Redirects to the login page. A flash tells why, if a session has ended or a form was sent.
pub fn log_in_first(req: &HttpRequest, context: &RequestContext) -> Error {
    let sent = req.method() != Method::GET;
    let flash = match context.stale_cookie.get() {
        // For example, a second click on the form that changed the password.
        StaleCookie::Rotated if sent => {
            let text = "You sent this from an old page. Check whether it was saved.";
            Some(Flash::new(FlashKind::Bad, text))
        }
        StaleCookie::No | StaleCookie::Rotated if !sent => None,
        _ => Some(session_ended(sent)),
    };
    if let Some(flash) = flash {
        context.visitor_cookie.borrow_mut().set_flash(flash);
    }
    Error::LogInFirst(return_path(req))
}

/// A handler for a GET of a URL that takes only a form, for example after a login that led back to
/// it.
pub fn redirect_to(path: &'static str) -> impl Fn() -> Ready<HttpResponse> + Clone {
    move || ready(see_other(path))
}

/// `sent`: the request was a form, and its values are lost. They are not kept until after the
/// login, because another user may log in.
pub fn session_ended(sent: bool) -> Flash {
    let text = match sent {
        true => "Your session has ended. Log in to continue. What you were sending was not saved.",
        false => "Your session has ended. Log in to continue.",
    };
    Flash::new(FlashKind::Bad, text)
}

/// The path to return to after the login: the requested page, or, for a POST, the page with its
/// form, because a POST cannot be repeated.
pub(super) fn return_path(req: &HttpRequest) -> String {
    if req.method() == Method::GET {
        return own_path(req.uri().path_and_query().map_or("/", |path| path.as_str()), HOME);
    }
    form_path(req)
}

/// The page with the form that was sent. Browsers send its URL in `Referer`, which our
/// `Referrer-Policy` hides from other sites. Without it: the URL of the form itself, which answers
/// a GET too.
pub fn form_path(req: &HttpRequest) -> String {
    let referer = req.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let app = req.app_data::<web::Data<AppState>>();
    let path = app.zip(referer).and_then(|(app, referer)| referer.strip_prefix(&app.origin.url));
    own_path(path.unwrap_or(req.path()), HOME)
}

/// Returns `next` if it is a path of this site, otherwise `fallback` (open redirect, ASVS 3.7.2).
///
/// Browsers read `\` as `/` and drop tabs and newlines, so to them `/\evil.example` is a URL of
/// another host. So `next` is resolved as browsers do it, and only path, query and fragment are
/// kept.
pub fn own_path(next: &str, fallback: &str) -> String {
    let base = url::Url::parse("https://own.invalid").expect("a constant");
    let plain = next.starts_with('/')
        && next.len() <= NEXT_MAX
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !next.starts_with("//");
    let resolved = base.join(next).ok().filter(|url| plain && url.origin() == base.origin());
    // Resolved dot segments can leave two slashes at the start: `/..//evil.example`.
    match resolved {
        Some(url) if !url.path().starts_with("//") => url[url::Position::BeforePath..].to_owned(),
        _ => fallback.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_path_of_ours_is_kept() {
        for next in ["/app", "/account/password", "/app?page=2&sort=name", "/app#note", "/%2f/x"] {
            assert_eq!(own_path(next, "/fallback"), next);
        }
        assert_eq!(own_path("/login?next=//evil.example", "/"), "/login?next=//evil.example");
    }

    #[test]
    fn anything_else_gives_the_fallback() {
        for next in [
            "",
            "app",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "@evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "/\u{2044}evil.example",
            "/app\0",
            "/app\r\nSet-Cookie: a=b",
            " /app",
        ] {
            assert_eq!(own_path(next, "/fallback"), "/fallback", "{next:?}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(600)), "/fallback"), "/fallback");
    }
}
