//! `.env`: read in development, from the current folder only, with mistakes reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use app::keys::Keys;

use crate::support::database::{Database, database};
use crate::support::process::command;

/// A folder with a `.env`. It is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(env_file: impl AsRef<[u8]>) -> Folder {
        let path = std::env::temp_dir().join(format!("vestibule-env-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(path.join("below")).expect("a folder");
        fs::write(path.join(".env"), env_file).expect("a file");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The output of `vestibule doctor` in this folder, with no database and no keys but the file's.
fn doctor(db: &Database, folder: &Path, settings: &[(&str, &str)]) -> Result<String, String> {
    let mut command = command(db, &["doctor"]);
    for name in ["DATABASE_URL", "SECRET_KEYS", "ENVIRONMENT"] {
        command.env_remove(name);
    }
    let command = command.current_dir(folder).envs(settings.iter().copied());
    let output = command.stderr(Stdio::piped()).output().expect("the binary");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        _ => Err(text(&output.stderr)),
    }
}

fn needed(db: &Database) -> String {
    format!("DATABASE_URL={}\nSECRET_KEYS={}\n", db.url, Keys::generate())
}

#[tokio::test]
async fn the_file_is_read_in_its_own_folder_only() {
    let db = database().await;
    let folder = Folder::with(needed(&db));
    doctor(&db, &folder.0, &[]).expect("all is well");
    let said = doctor(&db, &folder.0.join("below"), &[]).expect_err("no settings");
    assert!(said.contains("  - DATABASE_URL ") && said.contains("  - SECRET_KEYS "), "{said}");
}

#[tokio::test]
async fn the_environment_wins_over_the_file() {
    let db = database().await;
    let folder = Folder::with(format!("{}APP_NAME=one\nLISTEN=nonsense\n", needed(&db)));
    doctor(&db, &folder.0, &[("LISTEN", "127.0.0.1:0")]).expect("all is well");
}

#[tokio::test]
async fn production_reads_no_file_and_says_so() {
    let db = database().await;
    let production = "BASE_URL=https://login.example.com\nTRUSTED_PROXIES=10.0.0.7\n";
    let folder = Folder::with(format!("{}{production}ALLOW_UNSAFE=no-mail\n", needed(&db)));
    let said = doctor(&db, &folder.0, &[("ENVIRONMENT", "production")]).expect_err("no settings");
    for name in ["DATABASE_URL ", "SECRET_KEYS ", ".env is read in development only"] {
        assert!(said.contains(&format!("  - {name}")), "{said}");
    }
    // Nor does it read an invalid file.
    fs::write(folder.0.join(".env"), "no setting").expect("a file");
    let said = doctor(&db, &folder.0, &[("ENVIRONMENT", "production")]).expect_err("no settings");
    assert!(!said.contains("line 1"), "{said}");
}

#[tokio::test]
async fn the_file_does_not_choose_the_environment() {
    let db = database().await;
    for environment in ["production", "development", "staging"] {
        let folder = Folder::with(format!("{}ENVIRONMENT={environment}\n", needed(&db)));
        let said = doctor(&db, &folder.0, &[]).expect_err("a mistake");
        assert!(said.contains("  - .env sets ENVIRONMENT"), "{environment}: {said}");
    }
    let folder = Folder::with(format!("{}ENVIRONMENT=\n", needed(&db)));
    doctor(&db, &folder.0, &[]).expect("as .env.example leaves it");
}

#[tokio::test]
async fn a_mistake_is_reported_with_its_line_and_without_what_it_says() {
    let db = database().await;
    for (text, line) in [
        ("hunter2", 1),
        ("# a comment\n\nAPP_NAME=a\nSMTP_URL=hunter2 and more\nLISTEN=\n", 4),
        ("APP_NAME=\"on\ntwo lines\"\r\nSECRET KEYS=hunter2\r\n", 3),
        ("APP_NAME=a\nSECRET_KEYS='hunter2\nLISTEN=\n\n", 2),
        ("\u{feff}APP_NAME=a\nhunter2", 2),
    ] {
        let said = doctor(&db, &Folder::with(text).0, &[]).expect_err("a mistake");
        assert!(said.contains(&format!("  - .env, line {line}: must be NAME=value")), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let said = doctor(&db, &Folder::with(b"A=1\nAPP_NAME=\xff\n").0, &[]).expect_err("a mistake");
    assert!(said.contains("  - .env, line 2: is not UTF-8"), "{said}");
    let long = format!("APP_NAME={}\nhunter2", "x".repeat(20_000));
    let said = doctor(&db, &Folder::with(long).0, &[]).expect_err("a mistake");
    assert!(said.contains(".env, line 2:"), "{said}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_not_ignored() {
    let db = database().await;
    let folder = Folder::with("");
    fs::remove_file(folder.0.join(".env")).expect("the file");
    fs::create_dir(folder.0.join(".env")).expect("a folder in its place");
    let said = doctor(&db, &folder.0, &[]).expect_err("a mistake");
    assert!(said.contains("  - .env cannot be read: "), "{said}");
}
