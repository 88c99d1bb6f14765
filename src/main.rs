//! The binary: reads the command line and hands over to `vestibule::cli`.

use std::process::ExitCode;

use clap::Parser;
use vestibule::cli::{self, Cli};

#[actix_web::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vestibule: {error:#}");
            ExitCode::FAILURE
        }
    }
}
