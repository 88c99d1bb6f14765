//! The middleware around all others of `web/`: prepares the `RequestContext`, drops unknown cookies
//! from the request, and completes the response.
//!
//! It turns a failure of the session store or a panic into an error page, and gives every response
//! its cookies and headers. Outside of it are only the request log and counters of requests.

use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};
use futures_util::FutureExt;
use tracing_actix_web::RequestId;

use super::error::{Error, see_other};
use super::error_page::Explain;
use super::request_context::{RequestContext, StoreFailure};
use super::{client_ip, cookies, error_page, headers, next_page, set_cookie};
use crate::accounts::client::Client;
use crate::state::AppState;

pub async fn complete(
    app: web::Data<AppState>,
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // HEAD is handled like GET; actix omits the body of the response.
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    let too_large = headers::are_too_large(req.headers());
    if too_large {
        req.headers_mut().clear();
    }
    let context = context(&app, &req);
    req.extensions_mut().insert(context.clone());
    cookies::filter(&app, &mut req, &context);
    let https = client_ip::is_https(req.request(), &app.config.trusted_proxies);
    let get = req.method() == Method::GET;
    let form_path = (!get).then(|| next_page::form_path(req.request()));
    let json = headers::is_json(&req);
    let (explain, route) = (req.app_data::<Explain>().copied(), req.match_pattern());
    let finish = Finish { app, context, form_path, json, https, explain, route };

    let handled = async {
        if too_large {
            return Ok::<_, actix_web::Error>(req.error_response(Error::Malformed(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers of this request are too large. Deleting this site's cookies may help.",
            )));
        }
        Ok(next.call(req).await?.map_into_boxed_body())
    };
    // A panic becomes a 500 page. Without this, the connection closes without a response.
    match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            error_page::log_cause(response.status(), response.error());
            Ok(ServiceResponse::new(request, finish.response(response)))
        }
        Ok(Err(failure)) => {
            // `finish` replaces the response if the session store has failed, so it comes first.
            let response = finish.response(failure.error_response());
            error_page::log_cause(response.status(), Some(&failure));
            Err(InternalError::from_response(failure, response).into())
        }
        Err(_) => {
            let failure = Error::Internal(anyhow::anyhow!("a handler panicked"));
            tracing::error!("a handler panicked");
            let response = finish.response(HttpResponse::from_error(failure));
            Err(InternalError::from_response("panic", response).into())
        }
    }
}

fn context(app: &AppState, req: &ServiceRequest) -> RequestContext {
    let client_ip = client_ip::client_ip(req.request(), &app.config.trusted_proxies);
    let client = Client::new(client_ip, headers::text(req, "user-agent"));
    let request_id = req.extensions().get::<RequestId>().map(ToString::to_string);
    RequestContext::new(client, request_id.unwrap_or_default())
}

/// Completes a response. The request is not available any more then.
struct Finish {
    app: web::Data<AppState>,
    context: RequestContext,
    /// The page to open again if a form failed. `None` for a GET.
    form_path: Option<String>,
    json: bool,
    https: bool,
    explain: Option<Explain>,
    route: Option<String>,
}

impl Finish {
    fn response(&self, response: HttpResponse) -> HttpResponse {
        let response = match self.context.store_failure.get() {
            None => response,
            Some(StoreFailure::DatabaseUnavailable) => HttpResponse::from_error(Error::Busy),
            Some(StoreFailure::SessionEnded) if self.json => {
                HttpResponse::from_error(Error::user_deleted())
            }
            Some(StoreFailure::SessionEnded) => {
                let flash = next_page::session_ended(self.form_path.is_some());
                self.context.visitor_cookie.borrow_mut().set_flash(flash);
                see_other("/login")
            }
        };
        let frame = error_page::Frame {
            config: &self.app.config,
            explain: self.explain,
            route: self.route.as_deref(),
            form_path: self.form_path.as_deref(),
            request_id: &self.context.request_id,
            json: self.json,
        };
        let mut response = error_page::complete(response, frame);
        set_cookie::complete(&self.app, &self.context, &mut response);
        headers::add(response.headers_mut(), self.https);
        response
    }
}
