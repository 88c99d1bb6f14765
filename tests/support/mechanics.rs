//! Routes of every test site: `/test/value`, a page that keeps a value in the session, and those of
//! `fields`.

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource, scope};
use app::web::csrf::Checked;
use app::web::error::Error;
use app::web::flash::FlashKind;
use app::web::guard;
use app::web::page::{self, Page};
use app::web::visitor::LoggedIn;
use askama::Template;
use serde::Deserialize;

use super::browser::Browser;
use super::fields;

/// The value's name in the session.
const VALUE: &str = "value";

pub fn routes(site: &mut ServiceConfig) {
    // First, because the scope below would answer 404 for its path.
    site.configure(fields::routes);
    site.service(
        scope("/test")
            .wrap(from_fn(guard::logged_in))
            .service(resource("/value").get(show).post(keep)),
    );
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
{%- extends "layout.html" %}
{% import "form.html" as form %}
{% block content %}
    <h1>A value in this session</h1>
    {% call form::open("/test/value", page) %}
      {{ form::field(page, "Value", "value", value=value, required=false) }}
      {{ form::button("Keep the value") }}
    {% endcall %}
{% endblock %}"#
)]
struct ValuePage {
    page: Page,
    value: String,
}

#[derive(Deserialize)]
struct ValueForm {
    #[serde(default)]
    value: String,
}

async fn show(somebody: LoggedIn) -> Result<HttpResponse, Error> {
    let value = somebody.visitor.state.get(VALUE)?.unwrap_or_default();
    page::show(ValuePage { page: somebody.visitor.page("A value"), value })
}

async fn keep(somebody: LoggedIn, form: Checked<ValueForm>) -> Result<HttpResponse, Error> {
    match form {
        Checked::Valid(form) => {
            somebody.visitor.state.insert(VALUE, form.value)?;
            somebody.visitor.flash(FlashKind::Good, "The value is kept.");
            page::redirect("/test/value")
        }
        Checked::OutOfDate(form, invalid) => {
            let mut page = somebody.visitor.page("A value");
            page.reject_form(invalid.sentence());
            page::out_of_date(ValuePage { page, value: form.value })
        }
    }
}

impl Browser {
    /// Keeps a value in the session of this browser.
    pub async fn keep_value(&mut self, value: &str) {
        self.visit("/test/value").await;
        self.submit("Keep the value", &[("Value", value)]).await;
        self.must_be_at("/test/value", 200);
        self.must_see("The value is kept.");
        assert_eq!(self.field("Keep the value", "Value"), value);
    }

    /// The value that the session of this browser keeps: empty without one.
    pub async fn kept_value(&mut self) -> String {
        self.visit("/test/value").await;
        self.field("Keep the value", "Value")
    }
}
