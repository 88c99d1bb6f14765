//! Metrics for Prometheus: `/metrics` on an address of its own (`METRICS_LISTEN`).
//!
//! The code that is measured does not call this file. `observe`, a middleware, times each request.
//! `LoggedEvents`, a layer of the log, counts what is logged anyway: logins by result, rejected
//! attempts, pruned rows. The rest is read from the app when Prometheus asks.
//!
//! The numbers say how many logins fail, and when, so keep the address off the public network. No
//! label holds an email address, an IP address or a path, so their number is bounded.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Data, get};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::{Layer, Registry};

use crate::config::Config;
use crate::mail::outbox;
use crate::state::AppState;

/// The upper bounds of the buckets, in seconds: from a cached page to a login in a full queue.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// The same for the number of sessions that one statement loads: at most 64.
const LOADS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// How often old values are folded into the histograms, so that memory stays bounded.
const UPKEEP: Duration = Duration::from_secs(5);

/// Answers `GET /metrics` at `METRICS_LISTEN`, in a thread of its own. Returns the URL, or `None`
/// without the setting.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(state: Data<AppState>) -> anyhow::Result<Option<String>> {
    let Some(address) = state.config.metrics_listen else { return Ok(None) };
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {address} (METRICS_LISTEN)"))?;
    let url = format!("http://{}/metrics", listener.local_addr()?);
    let handle = Data::new(recorder()?);
    let shown = handle.clone();
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).app_data(shown.clone()).route("/metrics", get().to(show))
    });
    let server = server.workers(1).disable_signals().listen(listener)?;
    actix_web::rt::spawn(server.run());
    // Otherwise the samples of histograms would fill the memory while nobody scrapes.
    actix_web::rt::spawn(async move {
        loop {
            handle.run_upkeep();
            tokio::time::sleep(UPKEEP).await;
        }
    });
    Ok(Some(url))
}

fn recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_loads".to_owned()), &LOADS)?
        .install_recorder()
}

/// A database that is unavailable does not fail the response: that is when its numbers matter.
async fn show(state: Data<AppState>, handle: Data<PrometheusHandle>) -> String {
    gauge!("database_pool_connections", "state" => "open").set(state.db.size());
    gauge!("database_pool_connections", "state" => "idle").set(state.db.idle() as f64);
    gauge!("password_jobs", "state" => "running").set(state.hasher.running() as f64);
    gauge!("password_jobs", "state" => "waiting").set(state.hasher.waiting() as f64);
    if let Err(error) = read_outbox(&state).await {
        tracing::warn!(%error, "the outbox could not be read for /metrics");
    }
    handle.render()
}

async fn read_outbox(state: &AppState) -> sqlx::Result<()> {
    let waiting = outbox::waiting(&state.db).await?;
    gauge!("outbox_waiting_emails").set(waiting.map_or(0, |waiting| waiting.mails) as f64);
    let oldest = waiting.map_or(0.0, |waiting| waiting.oldest.as_secs_f64());
    gauge!("outbox_oldest_email_age_seconds").set(oldest);
    Ok(())
}

/// Middleware around all others: times the request, by the route of `routes.rs`.
///
/// # Errors
/// Those of the inner middleware.
pub async fn observe(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    // A client may send a method of any length, and any number of them.
    let method = match req.method().as_str() {
        "GET" | "HEAD" => "GET",
        "POST" => "POST",
        _ => "other",
    };
    let route = req.match_pattern().unwrap_or_else(|| "none".to_owned());
    let began = Instant::now();
    let result = next.call(req).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let labels =
        [("method", method.to_owned()), ("route", route), ("status", status.as_u16().to_string())];
    histogram!("http_request_duration_seconds", &labels).record(began.elapsed());
    result
}

/// The layer of the log that counts events. `None` without `METRICS_LISTEN`.
pub fn logged_events(config: &Config) -> Option<impl Layer<Registry> + use<>> {
    config.metrics_listen?;
    let wanted = Targets::new()
        .with_target("security", LevelFilter::INFO)
        .with_target("app::background", LevelFilter::INFO)
        .with_target("app::mail::delivery", LevelFilter::INFO)
        .with_target("app::web::session_loads", LevelFilter::TRACE)
        .with_target("app::accounts::password::hasher", LevelFilter::TRACE);
    Some(LoggedEvents.with_filter(wanted))
}

struct LoggedEvents;

impl<S: Subscriber> Layer<S> for LoggedEvents {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut seen = Fields::default();
        event.record(&mut seen);
        let Fields { event, action, scope, outcome, pruned, loads, seconds } = seen;
        if let Some(event) = event {
            counter!("security_events_total", "event" => event).increment(1);
        }
        if let Some(action) = action {
            let scope = scope.unwrap_or_default();
            counter!("rejected_attempts_total", "action" => action, "scope" => scope).increment(1);
        }
        if let Some(outcome) = outcome {
            counter!("email_attempts_total", "outcome" => outcome).increment(1);
        }
        if let Some(pruned) = pruned {
            counter!("pruned_rows_total").increment(pruned);
        }
        if let Some(loads) = loads {
            histogram!("session_statement_loads").record(loads as f64);
        }
        if let Some(seconds) = seconds {
            histogram!("password_job_duration_seconds").record(seconds);
        }
    }
}

/// The fields that are counted. All others, which may name people, are not even read.
#[derive(Default)]
struct Fields {
    event: Option<String>,
    action: Option<String>,
    scope: Option<String>,
    outcome: Option<String>,
    pruned: Option<u64>,
    loads: Option<u64>,
    seconds: Option<f64>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = Some(value.to_owned()),
            "action" => self.action = Some(value.to_owned()),
            "scope" => self.scope = Some(value.to_owned()),
            "outcome" => self.outcome = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "pruned" => self.pruned = Some(value),
            "loads" => self.loads = Some(value),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "seconds" {
            self.seconds = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
