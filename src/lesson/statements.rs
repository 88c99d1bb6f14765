//! The statements that a request has run, with their times: a layer of the log, in development.
//!
//! sqlx logs every statement under the target `sqlx::query`. The layer keeps it in the span of the
//! request in which it ran. The loader of `web/session_loads.rs` runs in no request: its span
//! follows from those of all requests that wait for the batch, and the layer gives the statement to
//! each of them. No value of a statement is logged, so none is kept.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Span, Subscriber, dispatcher};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use crate::config::Config;

/// How many statements of a request are kept.
const KEPT: usize = 50;

#[derive(Clone)]
pub struct Statement {
    pub sql: String,
    pub took: Duration,
    /// Rows returned or changed.
    pub rows: u64,
    /// How many requests shared it. `None`: the request ran it itself, and not the loader.
    pub shared_by: Option<usize>,
}

impl Statement {
    pub fn milliseconds(&self) -> Milliseconds {
        Milliseconds(self.took)
    }
}

/// `0.84 ms`
pub struct Milliseconds(Duration);

impl Display for Milliseconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1_000.0)
    }
}

/// In the span of a request.
struct Statements(Vec<Statement>);

/// In the span of a batch: the requests that wait for it.
struct Requests(Vec<Id>);

struct KeepStatements;

/// `None` where no page shows the statements.
pub fn layer(config: &Config) -> Option<impl Layer<Registry> + Send + Sync + use<>> {
    let wanted = Targets::new()
        .with_target("sqlx::query", LevelFilter::DEBUG)
        .with_target("app::telemetry", LevelFilter::INFO)
        .with_target("app::web::session_loads", LevelFilter::DEBUG);
    super::opens_sessions(config).then(|| KeepStatements.with_filter(wanted))
}

/// The statements of the current request so far. `None` if the log has no such layer.
pub fn so_far() -> Option<Vec<Statement>> {
    dispatcher::get_default(|dispatch| {
        let span = dispatch.downcast_ref::<Registry>()?.span(&Span::current().id()?)?;
        let kept = span.extensions().get::<Statements>()?.0.clone();
        Some(kept)
    })
}

impl<S> Layer<S> for KeepStatements
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        match span.name() {
            "request" => span.extensions_mut().insert(Statements(Vec::new())),
            "batch" => span.extensions_mut().insert(Requests(Vec::new())),
            _ => {}
        }
    }

    fn on_follows_from(&self, batch: &Id, request: &Id, context: Context<'_, S>) {
        let Some(batch) = context.span(batch) else { return };
        if let Some(Requests(waiting)) = batch.extensions_mut().get_mut() {
            waiting.push(request.clone());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let Some(span) = context.event_span(event) else { return };
        let mut seen = Seen::default();
        event.record(&mut seen);
        let statement = seen.statement();
        let waiting = span.extensions().get().map(|Requests(waiting)| waiting.clone());
        let Some(waiting) = waiting else { return keep(&context, &span.id(), statement) };
        for request in &waiting {
            let statement = Statement { shared_by: Some(waiting.len()), ..statement.clone() };
            keep(&context, request, statement);
        }
    }
}

fn keep<S>(context: &Context<'_, S>, request: &Id, statement: Statement)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(span) = context.span(request) else { return };
    if let Some(Statements(kept)) = span.extensions_mut().get_mut()
        && kept.len() < KEPT
    {
        kept.push(statement);
    }
}

/// The fields that sqlx logs. `summary` is the whole statement if that is short.
#[derive(Default)]
struct Seen {
    summary: String,
    sql: String,
    seconds: f64,
    rows: u64,
}

impl Seen {
    fn statement(self) -> Statement {
        let sql = if self.sql.is_empty() { self.summary } else { self.sql };
        let sql = super::source::dedent(sql.trim());
        Statement {
            sql,
            took: Duration::from_secs_f64(self.seconds),
            rows: self.rows,
            shared_by: None,
        }
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.sql = value.to_owned(),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if matches!(field.name(), "rows_affected" | "rows_returned") {
            self.rows = self.rows.max(value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.seconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
