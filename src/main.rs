//! The binary: parses the command line and runs `app::cli`.

use app::cli::{self, Cli};
use clap::Parser;

#[actix_web::main]
async fn main() {
    let status = match cli::run(Cli::parse()).await {
        Ok(()) => 0,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(wrong_use) => wrong_use.exit(),
            Err(error) => {
                eprintln!("vestibule: {error:#}");
                1
            }
        },
    };
    // Exit instead of returning: the runtime would wait for its blocking threads, and one of them
    // may be resolving the name of the mail server.
    std::process::exit(status)
}
