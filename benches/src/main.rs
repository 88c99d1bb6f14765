//! The benchmark behind `bin/bench`, which builds this, creates its databases and drops them again.
//!
//! `standard` measures the app against baselines: bare handlers in a process of the same shape.
//! `million` measures the table of sessions with a million rows. `baseline` is a process of
//! `standard`.

mod argon;
mod baseline;
mod database;
mod docs;
mod goals;
mod http;
mod logins;
mod machine;
mod million;
mod page;
mod pgbench;
mod plot;
mod report;
mod rounds;
mod server;
mod setup;
mod standard;
mod wrk;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the app against the baselines
    Standard {
        /// Longer rounds, more of them, and more numbers of connections
        #[arg(long)]
        long: bool,
        /// Write the results into docs/
        #[arg(long)]
        write_docs: bool,
    },
    /// Measure a million sessions
    Million {
        /// Write the results into docs/
        #[arg(long)]
        write_docs: bool,
    },
    /// Serve the baselines
    Baseline(baseline::Arguments),
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let report = match Cli::parse().command {
        Command::Baseline(arguments) => return baseline::serve(arguments).await,
        Command::Standard { long, write_docs } => standard::run(long, write_docs).await?,
        Command::Million { write_docs } => million::run(write_docs).await?,
    };
    anyhow::ensure!(report.invalid.is_empty(), "the run is invalid: {}", report.invalid.join("; "));
    Ok(())
}
