//! Rounds of load on several pages in turn, so that a change of the machine meets all of them.

use std::time::Duration;

use serde::Serialize;

use crate::machine::{OurProcesses, QUIET};
use crate::wrk::{self, Target};

/// One round of load.
#[derive(Clone, Serialize)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) bytes_per_response: f64,
    /// Microseconds of processor time for each request.
    pub(crate) server_us: Option<f64>,
    pub(crate) postgres_us: Option<f64>,
    /// The part of the processor that other programs used.
    pub(crate) foreign: Option<f64>,
}

/// All rounds of one page with one number of connections.
#[derive(Clone, Serialize)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) connections: u32,
    pub(crate) rounds: Vec<Round>,
}

impl Series {
    /// The median of the quiet rounds, or of all if fewer than two were quiet.
    pub(crate) fn median(&self, value: impl Fn(&Round) -> f64) -> f64 {
        let quiet: Vec<&Round> = self.rounds.iter().filter(|round| round.is_quiet()).collect();
        let used = if quiet.len() >= 2 { quiet } else { self.rounds.iter().collect() };
        median(used.into_iter().map(value).collect())
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.median(|round| round.per_second)
    }

    /// Microseconds of processor time for each request, of the server and PostgreSQL together.
    pub(crate) fn cpu_us(&self) -> Option<f64> {
        self.least(|round| Some(round.server_us? + round.postgres_us?))
    }

    /// The least of all rounds: other programs can only add to it.
    pub(crate) fn least(&self, value: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        self.rounds.iter().filter_map(value).min_by(f64::total_cmp)
    }
}

impl Round {
    pub(crate) fn is_quiet(&self) -> bool {
        self.foreign.is_none_or(|foreign| foreign <= QUIET)
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// How long rounds are, and how long they may wait for a quiet machine.
pub(crate) struct Runner {
    pub(crate) ours: OurProcesses,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    /// For each round at most this long …
    pub(crate) wait: Duration,
    /// … and for all rounds together.
    pub(crate) wait_budget: Duration,
}

impl Runner {
    pub(crate) fn wait_for_quiet(&mut self) {
        let mut now = self.wait.min(self.wait_budget);
        let before = now;
        self.ours.wait_for_quiet(&mut now);
        self.wait_budget = self.wait_budget.saturating_sub(before.saturating_sub(now));
    }

    /// Loads the pages in turn.
    pub(crate) fn interleave(
        &mut self,
        targets: &[&Target],
        connections: u32,
    ) -> anyhow::Result<Vec<Series>> {
        let series =
            |target: &&Target| Series { name: target.name, connections, rounds: Vec::new() };
        let mut all: Vec<Series> = targets.iter().map(series).collect();
        for _ in 0..self.rounds {
            for (target, series) in targets.iter().zip(&mut all) {
                series.rounds.push(self.round(target, connections)?);
            }
        }
        Ok(all)
    }

    fn round(&mut self, target: &Target, connections: u32) -> anyhow::Result<Round> {
        self.wait_for_quiet();
        let before = self.ours.now();
        let result = wrk::run(target, connections, self.seconds)?;
        let used = before.and_then(|before| self.ours.since(&before));
        let requests = result.requests as f64;
        let server = self.ours.servers.iter().position(|pid| *pid == target.pid);
        let server = used.as_ref().zip(server).map(|(used, at)| used.servers[at]);
        let postgres = used.as_ref().and_then(|used| used.postgres);
        Ok(Round {
            per_second: result.per_second(),
            p50_ms: result.p50_ms(),
            p99_ms: result.p99_ms(),
            bytes_per_response: result.bytes as f64 / requests,
            server_us: server.map(|seconds| seconds * 1e6 / requests),
            postgres_us: postgres.map(|seconds| seconds * 1e6 / requests),
            foreign: used.map(|used| used.foreign),
        })
    }
}
