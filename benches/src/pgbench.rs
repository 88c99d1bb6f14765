//! pgbench's rate of one row by its primary key. A baseline that is far below it was not measured
//! well.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use percent_encoding::percent_decode_str;

use crate::database::{Database, USERS};
use crate::machine;
use crate::server::output;

/// Rows per second with this many connections. `None` if pgbench is not installed.
pub(crate) fn rows_per_second(
    database: &Database,
    connections: u32,
    seconds: u64,
) -> anyhow::Result<Option<f64>> {
    let Some(program) = std::env::var_os("BENCH_PGBENCH").filter(|path| Path::new(path).is_file())
    else {
        return Ok(None);
    };
    let script = output().join("row.sql");
    fs::write(
        &script,
        format!(
            "\\set n random(1, {USERS})\n\
             select email from users
             where id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid;\n"
        ),
    )?;
    let url = &database.url;
    let run = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--file"])
        .arg(&script)
        .args(["--client", &connections.to_string(), "--time", &seconds.to_string()])
        .args(["--jobs", &connections.min(u32::try_from(machine::cores())?).to_string()])
        .env("PGHOST", url.host_str().unwrap_or("127.0.0.1"))
        .env("PGPORT", url.port().unwrap_or(5432).to_string())
        .env("PGUSER", percent_decode_str(url.username()).decode_utf8()?.as_ref())
        .env("PGPASSWORD", percent_decode_str(url.password().unwrap_or("")).decode_utf8()?.as_ref())
        .env("PGDATABASE", database.name())
        .output()?;
    let text = String::from_utf8_lossy(&run.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    let rate = rate.with_context(|| String::from_utf8_lossy(&run.stderr).into_owned())?;
    Ok(Some(rate.parse()?))
}
