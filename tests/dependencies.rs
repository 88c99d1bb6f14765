//! Checks the dependencies against `deny.toml`: their licences, their sources, and the crates that
//! must not return. It needs no network and no other tool. The workflow runs cargo-deny with the
//! same file, which also reads the database of known vulnerabilities.

#[allow(dead_code, reason = "the house rules use the rest")]
#[path = "support/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use source::{none_of, read, root};

const LOCKS: [&str; 2] = ["Cargo.lock", "benches/Cargo.lock"];

/// The quoted values of a list in `deny.toml`: those after `key` if its entries are tables.
fn listed(section: &str, list: &str, key: Option<&str>) -> BTreeSet<String> {
    let rules = read("deny.toml").text;
    let section = rules.split_once(&format!("\n[{section}]\n")).expect("the section").1;
    let section = section.split("\n[").next().unwrap_or_default();
    let list = section.split_once(&format!("\n{list} = [")).expect("the list").1;
    let list = list.split("\n]").next().unwrap_or_default();
    let starts = key.map_or("\"".to_owned(), |key| format!("{key} = \""));
    let lines = list.lines().filter_map(|line| line.split_once(&starts));
    let values: BTreeSet<_> = lines.filter_map(|(_, rest)| Some(rest.split_once('"')?.0)).collect();
    assert!(!values.is_empty(), "deny.toml lists nothing for {section}");
    values.into_iter().map(str::to_owned).collect()
}

/// Name, version and source of every package in a lock file.
fn locked(lock: &str) -> Vec<(String, String, Option<String>)> {
    let text = read(lock).text;
    let packages = text.split("[[package]]").skip(1).map(|package| {
        let value = |key: &str| {
            let lines = package.lines();
            let mut values = lines.filter_map(|line| line.strip_prefix(&format!("{key} = \"")));
            values.next().map(|value| value.trim_end_matches('"').to_owned())
        };
        (value("name").unwrap_or_default(), value("version").unwrap_or_default(), value("source"))
    });
    packages.collect()
}

#[test]
fn no_dependency_is_banned() {
    let banned = listed("bans", "deny", Some("crate"));
    let packages = LOCKS.iter().flat_map(|lock| locked(lock));
    let found = packages.filter(|(name, ..)| banned.contains(name));
    none_of(
        "deny.toml says why these crates must not be dependencies. Find out who needs them with \
         cargo tree --invert NAME:",
        found.map(|(name, version, _)| format!("{name} {version}")).collect(),
    );
}

#[test]
fn every_dependency_is_from_crates_io() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let packages = LOCKS.iter().flat_map(|lock| locked(lock));
    // The packages of this repository have no source.
    let others = packages.filter(|(_, _, source)| source.as_ref().is_some_and(|it| it != registry));
    none_of(
        "A dependency comes from crates.io, whose versions cannot be changed afterwards:",
        others.map(|(name, version, source)| format!("{name} {version} {source:?}")).collect(),
    );
}

#[test]
fn every_licence_is_allowed() {
    let allowed = listed("licenses", "allow", None);
    let packages = packages_of_this_platform();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let mut places = Vec::new();
    // The packages of this repository have no source, and any licence.
    for package in packages.iter().filter(|package| package["source"].is_string()) {
        let licence = package["license"].as_str().unwrap_or("none").to_owned();
        if !is_allowed(&licence, &allowed) {
            places.push(format!("{} {}: {licence}", package["name"], package["version"]));
        }
    }
    none_of("deny.toml allows other licences only:", places);
}

/// All packages that are compiled here, also for tests.
fn packages_of_this_platform() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc").stdout;
    let version = String::from_utf8_lossy(&version).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform");
    let cargo = std::env::var_os("CARGO").expect("run by cargo");
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--format-version=1", "--locked", "--offline"]);
    metadata.args(["--filter-platform", host]).current_dir(root(""));
    let output = metadata.output().expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let resolved = answer["resolve"]["nodes"].as_array().expect("nodes");
    let ids: BTreeSet<String> =
        resolved.iter().filter_map(|node| node["id"].as_str().map(str::to_owned)).collect();
    let packages = answer["packages"].take();
    let Value::Array(packages) = packages else { panic!("no packages") };
    let is_used = |package: &Value| package["id"].as_str().is_some_and(|id| ids.contains(id));
    packages.into_iter().filter(is_used).collect()
}

/// Whether an SPDX expression is satisfied: of `OR` one side, of `AND` both.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.trim();
    // The operators outside of parentheses; `/` is an old way to write OR.
    for (operators, both) in [(&[" OR ", "/"], false), (&[" AND ", " AND "], true)] {
        for (at, _) in expression.char_indices() {
            let Some(operator) = operators.iter().find(|it| expression[at..].starts_with(**it))
            else {
                continue;
            };
            let (left, right) = (&expression[..at], &expression[at + operator.len()..]);
            if left.matches('(').count() == left.matches(')').count() {
                let (left, right) = (is_allowed(left, allowed), is_allowed(right, allowed));
                return if both { left && right } else { left || right };
            }
        }
    }
    match expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => is_allowed(inner, allowed),
        None => allowed.contains(expression),
    }
}

#[test]
fn licences_are_read_as_spdx_expressions() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("Apache-2.0/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT AND ISC", true),
        ("(Apache-2.0 OR MIT) AND ISC", true),
        ("(Apache-2.0 OR MIT) AND GPL-3.0-only", false),
        ("GPL-3.0-only AND (MIT OR ISC)", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("none", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}
