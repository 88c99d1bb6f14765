//! A page of every test site, `/test/fields`: a form with a field of each kind of
//! `app::web::typed`.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, resource};
use app::web::csrf::Checked;
use app::web::error::Error;
use app::web::page::{self, Page};
use app::web::typed::{Choice, Line, Lines, Number, Several, Typed};
use app::web::visitor::Visitor;
use askama::Template;
use serde::Deserialize;
use time::Date;
use uuid::Uuid;

pub fn routes(site: &mut ServiceConfig) {
    site.service(resource("/test/fields").get(show).post(submit));
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
{%- extends "layout.html" %}
{% import "form.html" as form %}
{% block content %}
    <h1>A field of each kind</h1>
    {%- if !read.is_empty() %}
    <p>{{ read }}</p>
    {%- endif %}
    {% call form::open("/test/fields", page) %}
      {{ form::hidden("id", fields.id) }}
      {{ form::field(page, "Title", "title", value=fields.title) }}
      {{ form::text_area(page, "Story", "story", fields.story, required=false, hint="As long as you like.") }}
      {{ form::number(page, "Seats", "seats", fields.seats, hint="From 1 to 20.") }}
      {{ form::date(page, "Day", "day", fields.day) }}
      {{ form::date(page, "Last day", "last_day", fields.last_day, required=false) }}
      {{ form::select(page, "Size", "size", fields.size, empty="Choose a size") }}
      {{ form::radio(page, "Colour", "colour", fields.colour, hint="Of the cover.") }}
      {{ form::checkboxes(page, "Extras", "extras", fields.extras) }}
      {{ form::checkbox("Tell me more", "newsletter", checked=fields.newsletter) }}
      {{ form::button("Read the fields") }}
    {% endcall %}
{% endblock %}"#
)]
struct FieldsPage {
    page: Page,
    fields: Fields,
    /// The values, as the app understood them.
    read: String,
}

#[derive(Deserialize, Default)]
struct Fields {
    id: Uuid,
    title: Typed<Line<20>>,
    story: Typed<Option<Lines<40>>>,
    seats: Typed<Number<1, 20>>,
    day: Typed<Date>,
    last_day: Typed<Option<Date>>,
    size: Typed<Colour>,
    #[serde(default)]
    colour: Typed<Colour>,
    #[serde(default)]
    extras: Several<Extra>,
    #[serde(default)]
    newsletter: bool,
    /// An enum without `Typed`: an unknown value rejects the request.
    #[serde(default)]
    shape: Option<Shape>,
    /// A repeated field of numbers.
    #[serde(default)]
    pages: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Colour {
    Red,
    Green,
}

impl Choice for Colour {
    const ALL: &'static [Self] = &[Self::Red, Self::Green];

    fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Red => "Red as a rose",
            Self::Green => "Green as grass",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Extra {
    Ribbon,
    Map,
}

impl Choice for Extra {
    const ALL: &'static [Self] = &[Self::Ribbon, Self::Map];

    fn name(self) -> &'static str {
        match self {
            Self::Ribbon => "ribbon",
            Self::Map => "map",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Ribbon => "A ribbon",
            Self::Map => "A map",
        }
    }
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Round,
    Square,
}

async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    let page = visitor.page("Fields");
    page::show(FieldsPage { page, fields: Fields::default(), read: String::new() })
}

async fn submit(visitor: Visitor, form: Checked<Fields>) -> Result<HttpResponse, Error> {
    let mut page = visitor.page("Fields");
    let fields = match form {
        Checked::Valid(fields) => fields,
        Checked::OutOfDate(fields, invalid) => {
            page.reject_form(invalid.sentence());
            return page::out_of_date(FieldsPage { page, fields, read: String::new() });
        }
    };
    match read(&fields, &mut page) {
        Some(read) => page::show(FieldsPage { page, fields, read }),
        None => page::invalid(FieldsPage { page, fields, read: String::new() }),
    }
}

fn read(fields: &Fields, page: &mut Page) -> Option<String> {
    let problems = &mut page.problems;
    let title = fields.title.check("title", problems);
    let story = fields.story.check("story", problems);
    let seats = fields.seats.check("seats", problems);
    let day = fields.day.check("day", problems);
    let last_day = fields.last_day.check("last_day", problems);
    let size = fields.size.check("size", problems);
    let colour = fields.colour.check("colour", problems);
    let extras = fields.extras.check("extras", problems);
    let (title, story, seats, day) = (title?, story?, seats?, day?);
    let (last_day, size, colour, extras) = (last_day?, size?, colour?, extras?);
    let (newsletter, shape, pages) = (fields.newsletter, &fields.shape, &fields.pages);
    Some(format!(
        "{title} {story:?} {seats} {day} {last_day:?} {size:?} {colour:?} {extras:?} {newsletter} \
         {shape:?} {pages:?}"
    ))
}
