//! Runs wrk, with the script `benches/load.lua`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::{http, machine};

/// A page to load.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) path: &'static str,
    /// `None`: requests without a cookie.
    pub(crate) cookies: Option<Cookie>,
    /// The process that responds.
    pub(crate) pid: u32,
}

/// The name of a cookie, and the file of its values.
#[derive(Clone)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) values: PathBuf,
}

/// As `done` in the script prints it; the percentiles in microseconds.
#[derive(Deserialize)]
pub(crate) struct Result {
    pub(crate) requests: u64,
    microseconds: u64,
    pub(crate) bytes: u64,
    errors: u64,
    p50: u64,
    p99: u64,
}

impl Result {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 * 1e6 / self.microseconds as f64
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.p50 as f64 / 1e3
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.p99 as f64 / 1e3
    }
}

/// # Errors
/// When a request fails, or has a status above 399.
pub(crate) fn run(target: &Target, connections: u32, seconds: u64) -> anyhow::Result<Result> {
    let threads = connections.min(u32::try_from(machine::cores())?);
    let cookies = target.cookies.iter();
    let cookies = cookies.flat_map(|cookie| [Path::new(&cookie.name), &cookie.values]);
    let output = Command::new("wrk")
        .args(["-t", &threads.to_string(), "-c", &connections.to_string()])
        .args(["-d", &format!("{seconds}s"), "--timeout", "10s", "-s", "benches/load.lua"])
        .arg(format!("http://127.0.0.1:{}{}", target.port, target.path))
        .args(["--", target.path, &http::host(target.port)])
        .args(cookies)
        .output()
        .context("cannot run wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let line = line.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let result: Result = serde_json::from_str(line)?;
    ensure!(
        result.errors == 0 && result.requests > 0,
        "{}: {} of {} requests failed",
        target.name,
        result.errors,
        result.requests,
    );
    Ok(result)
}
