//! What `/proc` says about processor time and memory. Other systems have no `/proc`: there the
//! benchmark runs too, but cannot say whether the machine was quiet, nor what a request costs.

use std::fs;
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

/// Linux counts processor time in hundredths of a second, whatever the kernel's own clock is.
const TICKS_PER_SECOND: f64 = 100.0;
/// The foreign share of the processor up to which a round is quiet.
pub(crate) const QUIET: f64 = 0.15;
/// How long one look at the processor lasts: 30 ticks on two cores.
const LOOK: Duration = Duration::from_millis(150);

pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

pub(crate) fn has_proc() -> bool {
    all_cores().is_some()
}

/// Seconds that all cores were busy, and that passed on all cores together.
#[derive(Clone, Copy)]
struct AllCores {
    busy: f64,
    passed: f64,
}

fn all_cores() -> Option<AllCores> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is part of user.
    let passed: f64 = ticks.iter().take(8).sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some(AllCores { busy: (passed - idle) / TICKS_PER_SECOND, passed: passed / TICKS_PER_SECOND })
}

/// The fields of `/proc/PID/stat` after the name, which may contain spaces. The first is the state.
fn stat(pid: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of processor time of a process, with those of children that it waited for.
fn of_process(pid: &str, with_children: bool) -> f64 {
    let Some(fields) = stat(pid) else { return 0.0 };
    let ticks = |field: &String| field.parse::<f64>().unwrap_or(0.0);
    // The fields 14 to 17 of proc(5): user, system, and the same of the children.
    let times = if with_children { 11..15 } else { 11..13 };
    fields.get(times).unwrap_or_default().iter().map(ticks).sum::<f64>() / TICKS_PER_SECOND
}

fn parent(pid: &str) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// The parent of this process, if it has this name.
pub(crate) fn parent_named(pid: u32, name: &str) -> Option<u32> {
    let parent = parent(&pid.to_string())?;
    let found = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    (found.trim() == name).then_some(parent)
}

/// Seconds of processor time of PostgreSQL: of the backends of our databases, and of the processes
/// that work for all. The backends of other databases are foreign.
fn of_postgres(postmaster: u32, database: &str) -> f64 {
    let Ok(processes) = fs::read_dir("/proc") else { return 0.0 };
    let names = processes.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let ours = names.filter(|pid| {
        if pid.parse() == Ok(postmaster) {
            return true;
        }
        if !pid.bytes().all(|b| b.is_ascii_digit()) || parent(pid) != Some(postmaster) {
            return false;
        }
        let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        // The title of a backend has its client: `127.0.0.1(40312)`, or `[local]`.
        let is_backend = title.contains(['(', '[']);
        !is_backend || title.contains(database)
    });
    ours.map(|pid| of_process(&pid, false)).sum()
}

/// The processes whose time is not foreign.
#[derive(Clone, Default)]
pub(crate) struct OurProcesses {
    pub(crate) servers: Vec<u32>,
    pub(crate) postmaster: Option<u32>,
    /// The beginning of the names of our databases.
    pub(crate) database: String,
}

/// Processor time at one moment, in seconds.
pub(crate) struct CpuTimes {
    all: AllCores,
    servers: Vec<f64>,
    postgres: f64,
    own: f64,
}

/// What was used between two moments.
pub(crate) struct CpuUse {
    /// The part of all cores that processes used which are not ours.
    pub(crate) foreign: f64,
    /// Seconds of each server, in the order of `OurProcesses::servers`.
    pub(crate) servers: Vec<f64>,
    /// `None` if PostgreSQL runs on another machine.
    pub(crate) postgres: Option<f64>,
}

impl OurProcesses {
    /// `None` without `/proc`.
    pub(crate) fn now(&self) -> Option<CpuTimes> {
        Some(CpuTimes {
            servers: self.servers.iter().map(|pid| of_process(&pid.to_string(), false)).collect(),
            postgres: self.postmaster.map_or(0.0, |pid| of_postgres(pid, &self.database)),
            own: of_process("self", true),
            all: all_cores()?,
        })
    }

    pub(crate) fn since(&self, before: &CpuTimes) -> Option<CpuUse> {
        let now = self.now()?;
        let pairs = now.servers.iter().zip(&before.servers);
        let servers: Vec<f64> = pairs.map(|(now, before)| now - before).collect();
        let postgres = now.postgres - before.postgres;
        let ours = servers.iter().sum::<f64>() + postgres + now.own - before.own;
        let (busy, passed) = (now.all.busy - before.all.busy, now.all.passed - before.all.passed);
        let foreign = ((busy - ours) / passed).clamp(0.0, 1.0);
        Some(CpuUse { foreign, servers, postgres: self.postmaster.map(|_| postgres) })
    }

    /// Waits until foreign processes use little, at most until `wait_budget` is used up.
    pub(crate) fn wait_for_quiet(&self, wait_budget: &mut Duration) {
        let began = Instant::now();
        loop {
            let Some(before) = self.now() else { return };
            sleep(LOOK);
            let quiet = self.since(&before).is_none_or(|used| used.foreign <= QUIET);
            if quiet || began.elapsed() >= *wait_budget {
                break;
            }
        }
        *wait_budget = wait_budget.saturating_sub(began.elapsed().saturating_sub(LOOK));
    }
}

/// A line of `/proc/PID/status` in MB: `VmRSS` is the memory now, `VmHWM` the most there was.
pub(crate) fn memory_mb(pid: u32, line: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
    let kib: f64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1_000_000.0)
}
