//! The operator's commands `vestibule user …` and `vestibule health`, run by the real binary.

mod deletion;
mod factors;
mod health;
mod invitation;
mod user;

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::database::Database;
use crate::support::process::command;

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `vestibule user ARGUMENTS` with this standard input.
fn user_with(db: &Database, arguments: &[&str], input: &str) -> Ended {
    let mut command = command(db, &[&["user"], arguments].concat());
    let piped = command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary");
    // A command that reads no input may have closed its end.
    let _ = child.stdin.take().expect("its stdin").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn user(db: &Database, arguments: &[&str]) -> Ended {
    user_with(db, arguments, "")
}

impl Ended {
    /// The command succeeded. Returns what it printed.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The command succeeded and printed one JSON object.
    #[track_caller]
    fn json(self) -> Value {
        let text = self.done();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The command printed nothing but one sentence that begins with `expected`.
    #[track_caller]
    fn failed(self, expected: &str) {
        assert_eq!((self.status, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        let sentence = format!("vestibule: {expected}");
        assert!(self.stderr.starts_with(&sentence), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
    }

    /// The arguments were wrong, for this reason.
    #[track_caller]
    fn wrong_use(self, expected: &str) {
        assert_eq!((self.status, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains(expected), "{self:?}");
    }
}

/// The kinds of the events in the database, oldest first, with whether they name a user.
async fn events(db: &Database) -> Vec<(String, bool)> {
    sqlx::query_as(
        "select kind, user_id is not null from audit_events
         where address is null and user_agent = 'operator''s command' order by id",
    )
    .fetch_all(&db.pool)
    .await
    .expect("the events")
}
