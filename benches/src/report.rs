//! The results: a table of goals, a table of figures, and both as JSON.

use std::fs;

use serde::Serialize;

use crate::machine;
use crate::rounds::{Round, Series};
use crate::server::output;

/// A goal, and what was measured.
#[derive(Serialize)]
pub(crate) struct Row {
    what: &'static str,
    /// What the goal is compared with, such as a baseline.
    limit: String,
    measured: String,
    value: f64,
    /// The same ratio, from the processor time of server and PostgreSQL.
    by_cpu: Option<f64>,
    goal: Goal,
    reached: bool,
    unit: &'static str,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_reached(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) => value >= goal,
            Self::AtMost(goal) => value <= goal,
        }
    }
}

impl Row {
    /// A ratio to a limit.
    pub(crate) fn ratio(
        what: &'static str,
        limit: impl Into<String>,
        measured: impl Into<String>,
        value: f64,
        goal: Goal,
    ) -> Self {
        Self {
            what,
            limit: limit.into(),
            measured: measured.into(),
            value,
            by_cpu: None,
            goal,
            reached: goal.is_reached(value),
            unit: " ×",
        }
    }

    /// The rate of one page against that of another.
    pub(crate) fn rates(what: &'static str, other: &Series, own: &Series, goal: f64) -> Self {
        let rate = |series: &Series| format!("{}/s", number(series.per_second()));
        let value = own.per_second() / other.per_second();
        let by_cpu = other.cpu_us().zip(own.cpu_us()).map(|(other, own)| other / own);
        let row = Self::ratio(what, rate(other), rate(own), value, Goal::AtLeast(goal));
        Self { by_cpu, ..row }
    }

    /// A value with a goal of its own.
    pub(crate) fn value(what: &'static str, value: f64, unit: &'static str, goal: Goal) -> Self {
        let measured = format!("{}{unit}", number(value));
        let (limit, reached) = ("–".to_owned(), goal.is_reached(value));
        Self { what, limit, measured, value, by_cpu: None, goal, reached, unit }
    }

    fn line(&self) -> String {
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!("at least {goal}{}", self.unit),
            Goal::AtMost(goal) => format!("at most {goal}{}", self.unit),
        };
        let value =
            if self.unit == " ×" { format!("{:.2} ×", self.value) } else { "–".to_owned() };
        let by_cpu = self.by_cpu.map_or("–".to_owned(), |ratio| format!("{ratio:.2} ×"));
        let reached = if self.reached { "reached" } else { "**missed**" };
        let Self { what, limit, measured, .. } = self;
        format!("| {what} | {limit} | {measured} | {value} | {by_cpu} | {goal} | {reached} |\n")
    }
}

/// The results of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) form: &'static str,
    commit: String,
    date: String,
    cores: usize,
    postgres: String,
    /// Why the run proves nothing. Empty for a good run.
    pub(crate) invalid: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) series: Vec<Series>,
    /// Sentences for the reader of the tables.
    pub(crate) remarks: Vec<String>,
}

impl Report {
    pub(crate) fn new(form: &'static str, postgres: String) -> Self {
        let passed = |name| std::env::var(name).unwrap_or_default();
        Self {
            form,
            commit: passed("BENCH_COMMIT"),
            date: passed("BENCH_DATE"),
            cores: machine::cores(),
            postgres,
            invalid: Vec::new(),
            rows: Vec::new(),
            series: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Whether the rounds were quiet, as a sentence.
    fn quiet(&self) -> String {
        let rounds: Vec<&Round> = self.series.iter().flat_map(|series| &series.rounds).collect();
        if !machine::has_proc() {
            return "This system has no `/proc`, so nobody knows whether it was quiet.".to_owned();
        }
        let quiet = rounds.iter().filter(|round| round.is_quiet()).count();
        let most = rounds.iter().filter_map(|round| round.foreign).fold(0.0, f64::max);
        let verdict = if quiet == rounds.len() { "" } else { "**The machine was not quiet:** " };
        format!(
            "{verdict}{quiet} of {} rounds were quiet; other programs used at most {:.0} % of the \
             processor in a round.",
            rounds.len(),
            most * 100.0,
        )
    }

    /// Both tables, as they are printed and stand in the docs.
    pub(crate) fn markdown(&self) -> String {
        let Self { form, commit, date, cores, postgres, .. } = self;
        let mut text = format!(
            "Commit {commit}, {date}, {form} form, {cores} cores, PostgreSQL {postgres}. {}\n\n",
            self.quiet()
        );
        for reason in &self.invalid {
            text += &format!("**This run is invalid:** {reason}.\n\n");
        }
        text += "| what | baseline | measured | ratio | by CPU | goal | |\n|---|---|---|---|---|---|---|\n";
        text += &self.rows.iter().map(Row::line).collect::<String>();
        text += "\n| | connections | requests/s | p50 ms | p99 ms | server µs | PostgreSQL µs |\n";
        text += "|---|---|---|---|---|---|---|\n";
        text += &self.series.iter().map(line).collect::<String>();
        for remark in &self.remarks {
            text += &format!("\n{remark}\n");
        }
        text
    }

    /// Prints the tables, and writes them and the JSON into target/bench/.
    pub(crate) fn publish(&self) -> anyhow::Result<()> {
        let text = self.markdown();
        let file = |extension| output().join(format!("{}.{extension}", self.form));
        fs::write(file("md"), &text)?;
        fs::write(file("json"), serde_json::to_vec_pretty(self)?)?;
        println!("{text}\nbin/bench: JSON in {}", file("json").display());
        Ok(())
    }
}

/// A line of the table of figures.
fn line(series: &Series) -> String {
    let cpu = |value: fn(&Round) -> Option<f64>| {
        series.least(value).map_or("–".to_owned(), |us| format!("{us:.0}"))
    };
    format!(
        "| {} | {} | {} | {:.2} | {:.2} | {} | {} |\n",
        series.name,
        series.connections,
        number(series.per_second()),
        series.median(|round| round.p50_ms),
        series.median(|round| round.p99_ms),
        cpu(|round| round.server_us),
        cpu(|round| round.postgres_us),
    )
}

/// A number as a person writes it: 12,345 or 12.3.
pub(crate) fn number(value: f64) -> String {
    if value < 1_000.0 {
        let rounded = format!("{value:.1}");
        return rounded.strip_suffix(".0").map_or(rounded.clone(), str::to_owned);
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(999.4), "999.4");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.0), "0");
    }
}
