//! Access control: requests every route as an anonymous visitor, as a logged-in user, half-way
//! through a login, and logged in without the second factor that the site requires.
//!
//! The routes come from the router itself; `Rows` lists only the responses. A new route fails
//! the test until it has a line, so that no page becomes public by mistake.

use actix_web::introspection::{IntrospectionNode, IntrospectionTree, ResourceType};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web::Data};
use app::web::factors::KINDS;
use reqwest::Method;

use crate::support::browser::Browser;
use crate::support::labels::*;
use crate::support::people::ADA;
use crate::support::raw;
use crate::support::requests::BrowserResponse;
use crate::support::second_factor::{ada_half_way, ada_with_factor};
use crate::support::site::Site;

/// The response to a request. POSTs are sent with a valid token and no fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// 200
    Page,
    /// 303 to this URL
    To(&'static str),
    /// 422: access is allowed, but the form was empty
    FormErrors,
    /// 400: access is allowed, but the form lacks a field
    #[allow(dead_code, reason = "a feature that is deleted may be the only one with this")]
    Malformed,
    /// 404: the page needs a valid token or ID
    NotFound,
    /// 415: access is allowed, but only JSON is read
    JsonOnly,
}
use Expected::{FormErrors, NotFound, Page, To};

/// Method, route, response to an anonymous visitor, response to a logged-in user.
type Row = (&'static str, &'static str, Expected, Expected);
/// Method, route, response.
type Exception = (&'static str, &'static str, Expected);

/// The rows of a feature.
pub struct Rows {
    pub expected: &'static [Row],
    /// Half-way through a login, a visitor gets the responses of an anonymous one, except here.
    pub half_way: &'static [Exception],
    /// The responses to a user who lacks a required second factor, where the rule of
    /// `without_required_factor` does not hold.
    pub without_required_factor: &'static [Exception],
}

const ALL: &[&Rows] = &[
    &OWN,
    &super::app::projects::access::ROWS,
    &crate::totp::access::ROWS,
    &crate::passkeys::access::ROWS,
];

fn expected() -> impl Iterator<Item = &'static Row> {
    ALL.iter().flat_map(|rows| rows.expected)
}

/// The exception for this request, if there is one.
fn exception(of: fn(&Rows) -> &'static [Exception], method: &str, path: &str) -> Option<Expected> {
    let mut all = ALL.iter().flat_map(|rows| of(rows));
    all.find(|row| (row.0, row.1) == (method, path)).map(|row| row.2)
}

const OWN: Rows =
    Rows { expected: OWN_EXPECTED, half_way: OWN_HALF_WAY, without_required_factor: &[] };

const OWN_EXPECTED: &[Row] = &[
    ("GET", "/", Page, Page),
    ("GET", "/register", Page, To("/app")),
    ("POST", "/register", FormErrors, FormErrors),
    ("GET", "/login", Page, To("/app")),
    ("POST", "/login", FormErrors, FormErrors),
    ("GET", "/logout", To("/"), To("/")),
    ("POST", "/logout", To("/login"), To("/login")),
    ("GET", "/login/recovery-code", To("/login?next=%2Fapp"), To("/login?next=%2Fapp")),
    ("POST", "/login/recovery-code", To("/login?next=%2Fapp"), To("/login?next=%2Fapp")),
    ("GET", "/email/verify", Page, To("/app")),
    ("POST", "/email/verify", FormErrors, FormErrors),
    ("GET", "/email/verify/resend", To("/email/verify"), To("/email/verify")),
    ("POST", "/email/verify/resend", FormErrors, FormErrors),
    ("GET", "/email/verify/{token}", NotFound, NotFound),
    ("GET", "/password/reset", Page, Page),
    ("POST", "/password/reset", FormErrors, FormErrors),
    ("GET", "/password/reset/sent", Page, Page),
    ("GET", "/password/reset/choose", NotFound, NotFound),
    ("POST", "/password/reset/choose", NotFound, NotFound),
    ("GET", "/password/reset/{token}", NotFound, NotFound),
    ("GET", "/not-me/{token}", NotFound, NotFound),
    ("GET", "/not-me", NotFound, NotFound),
    ("POST", "/not-me", NotFound, NotFound),
    ("GET", "/app", To("/login?next=%2Fapp"), Page),
    ("GET", "/app/note", To("/login?next=%2Fapp%2Fnote"), To("/app")),
    ("POST", "/app/note", To("/login?next=%2F"), To("/app")),
    ("GET", "/account", To("/login?next=%2Faccount"), Page),
    ("GET", "/account/password", To("/login?next=%2Faccount%2Fpassword"), Page),
    ("POST", "/account/password", To("/login?next=%2F"), FormErrors),
    ("GET", "/sudo", To("/login?next=%2Fsudo"), Page),
    ("POST", "/sudo", To("/login?next=%2F"), FormErrors),
    ("GET", "/account/email", To("/login?next=%2Faccount%2Femail"), Page),
    ("POST", "/account/email", To("/login?next=%2F"), FormErrors),
    ("GET", "/email/change", To("/login?next=%2Femail%2Fchange"), To("/account/email")),
    ("POST", "/email/change", To("/login?next=%2F"), NotFound),
    (
        "GET",
        "/email/change/{token}",
        To("/login?next=%2Femail%2Fchange%2F%257Btoken%257D"),
        NotFound,
    ),
    ("GET", "/account/delete", To("/login?next=%2Faccount%2Fdelete"), Page),
    ("POST", "/account/delete", To("/login?next=%2F"), FormErrors),
    ("GET", "/account/export", To("/login?next=%2Faccount%2Fexport"), Page),
    ("POST", "/account/export", To("/login?next=%2F"), Page),
    ("GET", "/account/recovery-codes", To("/login?next=%2Faccount%2Frecovery-codes"), Page),
    ("POST", "/account/recovery-codes", To("/login?next=%2F"), To("/account")),
    ("GET", "/account/activity", To("/login?next=%2Faccount%2Factivity"), Page),
    ("GET", "/account/sessions", To("/login?next=%2Faccount%2Fsessions"), Page),
    (
        "GET",
        "/account/sessions/revoke-others",
        To("/login?next=%2Faccount%2Fsessions%2Frevoke-others"),
        To("/account/sessions"),
    ),
    ("POST", "/account/sessions/revoke-others", To("/login?next=%2F"), To("/account/sessions")),
    (
        "GET",
        "/account/sessions/{id}/revoke",
        To("/login?next=%2Faccount%2Fsessions%2F%257Bid%257D%2Frevoke"),
        To("/account/sessions"),
    ),
    ("POST", "/account/sessions/{id}/revoke", To("/login?next=%2F"), NotFound),
    // Only with `LESSON=on`; `tests/lesson` checks them.
    ("GET", "/practices", NotFound, NotFound),
    ("GET", "/practices/{name}", NotFound, NotFound),
    ("GET", "/lesson/end-session", NotFound, NotFound),
    ("POST", "/lesson/end-session", NotFound, NotFound),
    ("GET", "/lesson/no-token", NotFound, NotFound),
    ("POST", "/lesson/no-token", NotFound, NotFound),
    ("GET", "/lesson/cross-site", NotFound, NotFound),
    ("POST", "/lesson/cross-site", NotFound, NotFound),
    ("GET", "/lesson/password", NotFound, NotFound),
    ("POST", "/lesson/password", NotFound, NotFound),
    ("GET", "/dev/session", NotFound, NotFound),
    // Only in development; `tests/dev` checks that production has no mailbox.
    ("GET", "/dev/mailbox", Page, Page),
    ("GET", "/dev/mailbox/{id}", NotFound, NotFound),
    ("GET", "/dev/mailbox/{id}/html", NotFound, NotFound),
    ("GET", "/dev/badge.svg", Page, Page),
    ("GET", "/healthz", Page, Page),
    ("GET", "/readyz", Page, Page),
    ("GET", "/static/{hash}/{path:.*}", Page, Page),
    ("GET", "/favicon.ico", Page, Page),
    ("GET", "/robots.txt", Page, Page),
    ("GET", "/.well-known/change-password", To("/account/password"), To("/account/password")),
];

const OWN_HALF_WAY: &[Exception] =
    &[("GET", "/login/recovery-code", Page), ("POST", "/login/recovery-code", FormErrors)];

/// The response to a user who lacks a required second factor: that to a user, outside of the
/// guarded scopes and on the pages for setting one up. Everything else leads to these pages.
fn without_required_factor(method: &str, path: &str, to_user: Expected) -> Expected {
    if let Some(expected) = exception(|rows| rows.without_required_factor, method, path) {
        return expected;
    }
    let guarded = ["/app", "/account"].iter().any(|scope| path.starts_with(scope));
    let set_up = KINDS.iter().any(|factor| path.starts_with(factor.page));
    // This one route is guarded by itself.
    let guarded = guarded || path == "/email/change";
    if guarded && !set_up { To(KINDS[0].page) } else { to_user }
}

/// A path for each route that has a variable part.
const EXAMPLES: &[(&str, &str)] = &[("/static/{hash}/{path:.*}", "/static/0/mark.svg")];

struct Route {
    path: String,
    methods: Vec<Method>,
}

impl Route {
    fn address(&self) -> &str {
        example(&self.path)
    }
}

fn example(path: &str) -> &str {
    let example = EXAMPLES.iter().find(|(route, _)| *route == path);
    example.map_or(path, |(_, address)| address)
}

/// Every resource of `routes.rs`, read from the router.
async fn routes() -> Vec<Route> {
    let app = App::new().configure(app::routes::all).wrap_fn(|req, _| {
        let tree = req.app_data::<Data<IntrospectionTree>>().cloned();
        let mut found = Vec::new();
        collect(&tree.expect("the feature experimental-introspection").root, &mut found);
        let mut response = HttpResponse::Ok().finish();
        response.extensions_mut().insert(found);
        async { Ok(req.into_response(response)) }
    });
    let service = init_service(app).await;
    let mut response = call_service(&service, TestRequest::default().to_request()).await;
    response.response_mut().extensions_mut().remove().expect("the routes")
}

fn collect(node: &IntrospectionNode, found: &mut Vec<Route>) {
    let (path, methods) = (node.full_path.clone(), node.methods.clone());
    assert!(!node.potentially_unreachable, "{path} is hidden: {:?}", node.reachability_notes);
    if matches!(node.kind, ResourceType::Resource) {
        assert!(!methods.is_empty(), "{path} answers to every method: say .get(…) or .post(…)");
        let methods = methods.iter().map(|method| method.as_str().parse().expect("a method"));
        found.push(Route { path, methods: methods.collect() });
    }
    node.children.iter().for_each(|child| collect(child, found));
}

async fn stranger(site: &Site) -> Browser {
    site.browser()
}

async fn ada(site: &Site) -> Browser {
    let mut browser = site.browser();
    ADA.logs_in(&mut browser).await;
    browser
}

/// Sends one request with a valid token, as if from the front page.
async fn ask(mut browser: Browser, method: &Method, address: &str) -> BrowserResponse {
    // Takes the token from a page with a form: `next` redirects a logged-in user to one.
    browser.visit("/login?next=/app").await;
    let button = if browser.path.starts_with("/login") { LOG_IN } else { LOG_OUT };
    let form = browser.form(button);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    browser.visit("/").await;
    let body = if *method == Method::GET { String::new() } else { format!("csrf={token}") };
    let form = [("content-type", "application/x-www-form-urlencoded")];
    browser.fetch(method.clone(), address, &form, &body).await
}

/// The response, written as in `Rows`.
fn seen(answer: &BrowserResponse) -> String {
    match (answer.status, answer.headers.get("location")) {
        (200, None) => "Page".to_owned(),
        (422, None) => "FormErrors".to_owned(),
        (400, None) => "Malformed".to_owned(),
        (404, None) => "NotFound".to_owned(),
        (415, None) => "JsonOnly".to_owned(),
        (303, Some(location)) => format!("To({location:?})"),
        (status, _) => format!("{status}"),
    }
}

#[tokio::test]
async fn every_route_gives_visitors_and_users_the_expected_response() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let mut wrong = Vec::new();
    let mut asked = Vec::new();
    for route in routes().await {
        for method in &route.methods {
            let as_stranger = seen(&ask(stranger(&site).await, method, route.address()).await);
            let as_ada = seen(&ask(ada(&site).await, method, route.address()).await);
            let row =
                format!("({:?}, {:?}, {as_stranger}, {as_ada}),", method.as_str(), route.path);
            let expected =
                expected().find(|row| (row.0, row.1) == (method.as_str(), route.path.as_str()));
            match expected {
                None => wrong.push(format!("no expectation; if this is what you want, add: {row}")),
                Some((.., stranger, ada))
                    if (format!("{stranger:?}"), format!("{ada:?}")) != (as_stranger, as_ada) =>
                {
                    wrong.push(format!("expected {stranger:?}, {ada:?}; got: {row}"));
                }
                Some(_) => {}
            }
            asked.push((method.as_str().to_owned(), route.path.clone()));
        }
    }
    let gone = expected().filter(|row| !asked.contains(&(row.0.into(), row.1.into())));
    wrong.extend(gone.map(|row| format!("no route any more: {row:?}")));
    assert!(wrong.is_empty(), "tests/flows/access.rs and the router differ:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn half_way_through_a_login_only_the_second_step_is_open() {
    let site = Site::start().await;
    ada_with_factor(&site).await;
    let mut wrong = Vec::new();
    for (method, path, expected, _) in expected() {
        let own = exception(|rows| rows.half_way, method, path);
        let expected = own.unwrap_or(*expected);
        let browser = ada_half_way(&site).await;
        let got = seen(&ask(browser, &method.parse().expect("a method"), example(path)).await);
        if format!("{expected:?}") != got {
            wrong.push(format!("{method} {path}: expected {expected:?}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn without_a_required_second_factor_everything_leads_to_its_setup() {
    let site = Site::with(&[("REQUIRE_SECOND_FACTOR", "true")]).await;
    ADA.create_account(&site).await;
    let mut wrong = Vec::new();
    for (method, path, _, to_user) in expected() {
        let expected = without_required_factor(method, path, *to_user);
        let browser = ada(&site).await;
        let got = seen(&ask(browser, &method.parse().expect("a method"), example(path)).await);
        if format!("{expected:?}") != got {
            wrong.push(format!("{method} {path}: expected {expected:?}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn head_requests_get_the_headers_of_get_without_a_body() {
    let site = Site::start().await;
    let host = site.address;
    for route in routes().await.into_iter().filter(|route| route.methods.contains(&Method::GET)) {
        let request = |method: &str| {
            let address = route.address();
            let name = site.app.origin.host.as_str();
            format!("{method} {address} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")
        };
        let get = raw::send(host, request("GET")).await;
        let mut wire = raw::RawConnection::open(host).await;
        wire.write(request("HEAD")).await;
        let head = wire.response_to_head().await.expect("an answer");
        assert!(wire.is_closed().await, "HEAD {} sends a body", route.path);
        let facts = |response: &raw::RawResponse| {
            let header = |name| response.header(name).map(str::to_owned);
            (response.status, header("content-type"), header("location"))
        };
        assert_eq!(facts(&head), facts(&get), "HEAD {}", route.path);
    }
}

/// A login can lead back to the URL of a form, and people reload the page of a rejected one.
#[tokio::test]
async fn every_url_that_takes_a_form_answers_a_get_too() {
    for route in routes().await {
        let (get, post) = (Method::GET, Method::POST);
        let answers = route.methods.contains(&get) || !route.methods.contains(&post);
        assert!(answers, "{} answers GET with 405: add a redirect to its page", route.path);
    }
}

#[tokio::test]
async fn an_unsupported_method_gets_the_405_page() {
    // A page that is turned off has no methods.
    let site = Site::with(&[("LESSON", "on")]).await;
    ADA.create_account(&site).await;
    // One session for all requests: none of them ends it.
    let somebody = ada(&site).await;
    for route in routes().await {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let method: Method = method.parse().expect("a method");
            if route.methods.contains(&method) {
                continue;
            }
            let answer = ask(somebody.clone(), &method, route.address()).await;
            assert_eq!(answer.status, 405, "{method} {}", route.path);
            assert!(answer.body.contains(WRONG_METHOD), "{method} {}", route.path);
        }
    }
}

#[tokio::test]
async fn an_unknown_path_gets_the_404_page_or_the_login_under_app() {
    let site = Site::start().await;
    for address in ["/nothing", "/app-elsewhere", "/accounts", "/static/0/nothing.css", "/login/"] {
        let mut browser = site.browser();
        browser.visit(address).await;
        browser.must_be_at(address, 404);
        browser.must_see(NOT_FOUND);
    }
    // Without a login, a missing page under `/app` looks like an existing one.
    let mut browser = site.browser();
    browser.visit("/app/nothing").await;
    browser.must_be_at("/login?next=%2Fapp%2Fnothing", 200);
}
