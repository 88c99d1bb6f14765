//! tracing-actix-web 0.7 and actix-web 4.18: the span of a request, and the line that `Logger`
//! writes, hold the path with its query. So the tokens of links are in the log. The path of the
//! page before, in `Referer`, is in the line too. `src/telemetry.rs::RequestSpan` holds the route
//! only.

use std::io::Write;
use std::sync::{Arc, Mutex};

use actix_web::App;
use actix_web::middleware::Logger;
use actix_web::test::{TestRequest, init_service};
use tracing_actix_web::TracingLogger;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::answer;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_of_a_link_is_in_the_log() {
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt().with_span_events(FmtSpan::NEW);
    let guard = subscriber.with_writer(move || lines.clone()).set_default();
    let request =
        || TestRequest::with_uri("/reset?token=of-ada").insert_header(("Referer", "/me?token=2"));
    let spans = init_service(App::new().wrap(TracingLogger::default())).await;
    answer(&spans, request().to_request()).await;
    let line = std::mem::take(&mut *log.0.lock().expect("one thread"));
    assert!(String::from_utf8_lossy(&line).contains("/reset?token=of-ada"));

    let lines = init_service(App::new().wrap(Logger::default())).await;
    answer(&lines, request().to_request()).await;
    drop(guard);
    let line = String::from_utf8_lossy(&log.0.lock().expect("one thread")).into_owned();
    assert!(line.contains("GET /reset?token=of-ada") && line.contains("/me?token=2"), "{line}");
}
