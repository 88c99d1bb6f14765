//! Rules that keep this repository easy to read and to copy from. They do not protect users.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, files, none_of, read, root};

/// The files that a learner reads in an evening. `CORE_LINES` limits their lines in total.
const CORE_FILES: [&str; 14] = [
    "src/routes",
    "src/flows/register",
    "src/flows/login",
    "src/flows/logout",
    "src/flows/start_session",
    "src/web/request_context",
    "src/web/visitor",
    "src/web/guard",
    "src/web/session_store",
    "src/web/cookies",
    "src/web/csrf",
    "src/accounts/user",
    "src/accounts/session",
    "src/accounts/password/typed",
];
const CORE_TABLES: [&str; 2] = ["users", "sessions"];
const CORE_LINES: usize = 1560;
const FILE_LINES: usize = 300;
const COMMENT_COLUMNS: usize = 100;
/// A flow without a route.
const WITHOUT_ROUTE: &str = "src/flows/start_session.rs";
/// Parts of other flows, which are tested with these.
const PARTS: [&str; 2] = ["src/flows/start_session/", "src/flows/account/factor_change.rs"];

#[test]
fn a_table_is_written_by_one_file() {
    let tables: BTreeSet<String> = migrations().into_values().flatten().collect();
    let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files("src", "rs") {
        let code = file.code().to_lowercase();
        let words: Vec<&str> = words(&code).collect();
        for window in words.windows(4) {
            let table = match window {
                ["insert" | "merge", "into", table, ..] | ["delete", "from", table, ..] => table,
                ["update" | "truncate", "only" | "table", table, ..] => table,
                ["update" | "truncate", table, ..] => table,
                _ => continue,
            };
            if tables.contains(*table) {
                writers.entry((*table).to_owned()).or_default().insert(file.path.clone());
            }
        }
    }
    // A file and the files in its folder count as one file: `user.rs` and `user/proof.rs`.
    for files in writers.values_mut() {
        let folders: Vec<String> = files
            .iter()
            .filter_map(|path| Some(path.strip_suffix(".rs")?.to_owned() + "/"))
            .collect();
        files.retain(|path| !folders.iter().any(|folder| path.starts_with(folder)));
    }
    let shared = writers.iter().filter(|(_, files)| files.len() > 1);
    none_of(
        "A table is written by one file, so that its rules stand in one place. Move the statements together:",
        shared.map(|(table, files)| format!("{table}: {files:?}")).collect(),
    );
}

#[test]
fn every_file_begins_with_a_summary_and_is_short() {
    let mut places = Vec::new();
    let code = ["src", "benches", "examples"].into_iter().flat_map(|folder| files(folder, "rs"));
    for file in code {
        let lines = file.text.lines().count();
        if !file.text.starts_with("//! ") {
            places.push(format!("{} does not begin with //!", file.path));
        }
        if lines > FILE_LINES {
            places.push(format!("{} has {lines} lines", file.path));
        }
    }
    none_of(
        "A file of src/, benches/ and examples/ begins with //! (what it is for) and has at most 300 lines:",
        places,
    );
}

/// rustfmt leaves comments as they are.
#[test]
fn no_comment_is_wider_than_the_code() {
    let mut places = Vec::new();
    let folders = ["src", "tests", "reference", "benches", "examples"];
    let code = folders.into_iter().flat_map(|folder| files(folder, "rs"));
    for file in code.chain(files("migrations", "sql")) {
        for (number, line) in file.text.lines().enumerate() {
            let is_comment = ["//", "--"].iter().any(|mark| line.trim_start().starts_with(mark));
            if is_comment && line.chars().count() > COMMENT_COLUMNS {
                places.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    none_of("A comment wraps at 100 columns, as the code does:", places);
}

/// Features with flows of their own.
const FEATURES: [&str; 2] = ["src/passkeys/", "src/totp/"];

#[test]
fn every_flow_tells_its_steps_and_has_its_tests() {
    let mut places = Vec::new();
    for file in files("src", "rs") {
        let story: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let tells = ["`GET ", "`POST "].iter().any(|step| story.contains(step));
        let is_part = PARTS.iter().any(|part| file.path.starts_with(part));
        let answers = file.text.contains("-> Result<HttpResponse, Error>");
        let is_feature = FEATURES.iter().any(|feature| file.path.starts_with(feature)) && answers;
        let is_flow = is_feature || file.path.starts_with("src/flows/") && !is_part;
        if is_flow && !tells && file.path != WITHOUT_ROUTE {
            places.push(format!(
                "{}: its //! does not tell the steps (GET /login  show …)",
                file.path
            ));
        }
        // Features have a folder of tests as well.
        let tests = file.path.replacen("src/", "tests/", 1);
        if is_flow && !root(&tests).is_file() {
            places.push(format!("{}: write {tests}", file.path));
        }
    }
    none_of("A flow tells its steps first, and its tests are found at its path:", places);
}

#[test]
fn the_example_settings_are_those_of_the_config() {
    let mut read_by_config = BTreeMap::new();
    for file in files("src/config", "rs").into_iter().chain([read("src/config.rs")]) {
        let code = file.code();
        for (at, call) in code.match_indices(".setting(") {
            let mut arguments = code[at + call.len()..].trim_start().splitn(3, ',').map(str::trim);
            let (name, default) = (arguments.next().unwrap_or(""), arguments.next().unwrap_or(""));
            // If the default is computed, the example has an empty value.
            let literal = default.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            read_by_config
                .insert(name.trim_matches('"').to_owned(), literal.unwrap_or("").to_owned());
        }
    }
    assert!(
        !read_by_config.is_empty(),
        "src/config.rs reads settings with setting(NAME, DEFAULT, …)"
    );
    let example = read(".env.example").text;
    let lines = example.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let names: BTreeSet<&String> = read_by_config.keys().chain(listed.keys()).collect();
    let differ = names.into_iter().filter(|name| read_by_config.get(*name) != listed.get(*name));
    none_of(
        "src/config.rs and .env.example list the same settings with the same defaults:",
        differ
            .map(|name| {
                format!(
                    "{name}: config {:?}, example {:?}",
                    read_by_config.get(name),
                    listed.get(name)
                )
            })
            .collect(),
    );
}

#[test]
fn the_core_files_are_few_enough_for_an_evening() {
    let mut lengths = Vec::new();
    for name in CORE_FILES {
        let single = format!("{name}.rs");
        let parts = if root(&single).is_file() { vec![read(&single)] } else { Vec::new() };
        let parts: Vec<Source> = parts.into_iter().chain(files(name, "rs")).collect();
        assert!(
            !parts.is_empty(),
            "{name}.rs is on the evening's list and not there: change the list, or the name"
        );
        // The files in the folder of a file are optional reading.
        let parts = parts.into_iter().filter(|part| part.path == single);
        lengths.extend(parts.map(|part| (part.text.lines().count(), part.path)));
    }
    for (path, tables) in migrations() {
        if CORE_TABLES.iter().any(|table| tables.iter().any(|made| made == table)) {
            lengths.push((read(&path).text.lines().count(), path));
        }
    }
    let sum: usize = lengths.iter().map(|(lines, _)| lines).sum();
    assert!(sum <= CORE_LINES, "{sum} lines are more than an evening's {CORE_LINES}: {lengths:#?}");
}

#[test]
fn the_benchmark_uses_the_libraries_of_the_app() {
    let packages = |lock: &str| -> BTreeSet<(String, String)> {
        let text = read(lock).text;
        let value = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
        let lines: Vec<&str> = text.lines().collect();
        let names = lines.windows(2).filter(|pair| pair[0].starts_with("name = "));
        names.map(|pair| (value(pair[0]), value(pair[1]))).collect()
    };
    let of_app = packages("Cargo.lock");
    let names: BTreeSet<&String> = of_app.iter().map(|(name, _)| name).collect();
    let of_benchmark = packages("benches/Cargo.lock");
    assert!(!of_app.is_disjoint(&of_benchmark));
    let others = of_benchmark.difference(&of_app).filter(|(name, _)| names.contains(name));
    none_of(
        "The baselines of bin/bench would not run what the app runs. Copy Cargo.lock to benches/, and build there:",
        others.map(|(name, version)| format!("{name} {version}")).collect(),
    );
}

/// `sort | head` under `set -o pipefail` ends the script, without a message, when `head` is done
/// before `sort` has written everything. That depends on the load of the machine.
#[test]
fn no_pipeline_ends_before_it_has_read_everything() {
    let ends_early = |part: &str| {
        let mut words = part.split_whitespace();
        let command = words.next().unwrap_or_default();
        let options: Vec<&str> = words.take_while(|word| word.starts_with('-')).collect();
        let has =
            |flag| options.iter().any(|option| !option.starts_with("--") && option.contains(flag));
        command == "head" || command == "grep" && (has('q') || has('m'))
    };
    let mut places = Vec::new();
    for path in crate::references::scripts() {
        for (number, line) in read(&path).text.lines().enumerate() {
            let piped = line.replace("||", "").split('|').skip(1).any(ends_early);
            if piped && !line.trim_start().starts_with('#') {
                places.push(format!("{path}:{}", number + 1));
            }
        }
    }
    none_of(
        "The command before `| head` or `| grep -q` may be stopped, and the script with it. Write `| sed -n 1,5p` or `| grep … >/dev/null`:",
        places,
    );
}

/// Programs that take the URL of a database as an argument.
const DATABASE_PROGRAMS: [&str; 6] =
    ["psql", "pg_dump", "pg_dumpall", "pg_restore", "createdb", "pg_isready"];
/// `bin/postgres` moves the password of the URL to the environment (tests/settings/scripts.rs).
const URL_IN_ARGUMENT: &str = "bin/postgres";

/// `ps` shows the arguments of a program to every user of the machine.
#[test]
fn no_document_gives_a_password_to_a_program_as_an_argument() {
    let is_url = |word: &&str| {
        // `DATABASE_URL=$url` goes into the environment, `--dbname=$url` does not.
        let assigned = word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-'));
        let variable = word.contains('$') && !assigned && word.to_lowercase().contains("url");
        let login = word.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        *word == "URL" || variable || login.is_some_and(|(login, _)| login.contains(':'))
    };
    let folders = ["docs", "deploy", ".devcontainer"].into_iter();
    let paths = folders.flat_map(|folder| files(folder, "")).map(|file| file.path);
    let paths = paths.filter(|path| !path.ends_with(".png"));
    let single = ["README.md", "CONTRIBUTING.md", "compose.yaml", "compose.production.yaml"];
    let others = crate::references::scripts().into_iter().chain(single.map(str::to_owned));
    let mut places = BTreeSet::new();
    for text in paths.chain(others).map(|path| read(&path)) {
        // A command continues after a backslash.
        for command in text.text.replace("\\\n", " ").lines() {
            let words: Vec<&str> = command.split(|c| " \"'`()".contains(c)).collect();
            let program = words.iter().position(|word| DATABASE_PROGRAMS.contains(word));
            let url = program.and_then(|at| words[at..].iter().find(|word| is_url(word)));
            if url.is_some() && text.path != URL_IN_ARGUMENT {
                places.insert(format!("{}: {}", text.path, command.trim()));
            }
        }
    }
    none_of(
        "Set PGHOST, PGDATABASE, PGUSER and PGPASSWORD: an argument can be read by every user of the machine:",
        places.into_iter().collect(),
    );
}

/// Each migration, and the tables that it creates.
fn migrations() -> BTreeMap<String, Vec<String>> {
    let tables = |file: &Source| {
        let text = file.text.to_lowercase();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
        let made = lines.filter_map(|line| line.trim_start().strip_prefix("create table "));
        made.filter_map(|rest| {
            words(rest.trim_start_matches("if not exists ")).next().map(str::to_owned)
        })
        .collect()
    };
    files("migrations", "sql").iter().map(|file| (file.path.clone(), tables(file))).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
