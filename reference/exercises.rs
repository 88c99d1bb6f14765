//! Checks `docs/exercises.md` and the attacks of `reference/break`. Starts no server.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).expect("a file")
}

/// Attacks for `reference/break`: `--check` looks for the patch, the test and the code of each.
#[test]
fn every_attack_by_hand_has_its_patch_its_test_and_an_exercise() {
    let output = |arguments: &[&str]| {
        let mut command = Command::new("bash");
        let output = command.arg("reference/break").args(arguments).current_dir(ROOT).output();
        let output = output.expect("bash");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    output(&["--check"]);
    let list = output(&[]);
    assert!(!list.is_empty(), "reference/break lists no attack");
    let exercises = read("docs/exercises.md");
    for line in list.lines() {
        let name = line.split(' ').next().expect("a name");
        assert!(
            exercises.contains(&format!("`reference/break {name}`")),
            "no exercise runs {name}"
        );
        let text = read(&format!("reference/by-hand/{name}.txt"));
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let names = ["test: ", "stops: "].iter().find_map(|key| line.strip_prefix(key));
            for answer in names.unwrap_or_default().split_whitespace() {
                assert!(exercises.contains(&format!("`{answer}`")), "{name}: {answer}");
            }
        }
    }
}

#[test]
fn every_patch_in_the_exercises_applies() {
    let exercises = read("docs/exercises.md");
    let patches = exercises.split("```diff\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut seen = 0;
    for patch in patches {
        let mut git = Command::new("git");
        let git = git.args(["apply", "--check", "-"]).current_dir(ROOT).stdin(Stdio::piped());
        let mut git = git.spawn().expect("git");
        git.stdin.take().expect("a pipe").write_all(patch.as_bytes()).expect("to write");
        assert!(git.wait().expect("git").success(), "{patch}");
        seen += 1;
    }
    assert!(seen > 0, "the answers show no patch");
}
