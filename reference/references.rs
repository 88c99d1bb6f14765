//! Checks references: every file, symbol, test and heading that a text names must exist. Texts are
//! documents, comments and the headers of patches.

use std::collections::HashSet;

use crate::picture;
use crate::source::{Source, files, none_of, read, root};

const RUST: [(&str, &str); 5] =
    [("src", "rs"), ("tests", "rs"), ("reference", "rs"), ("benches", "rs"), ("examples", "rs")];

/// All prose: documents as they are, of other files only the comments.
fn texts() -> Vec<Source> {
    let mut texts = documents();
    for (folder, extension) in RUST {
        texts.extend(files(folder, extension).into_iter().map(|file| comments(&file)));
    }
    for (folder, extension, mark) in
        [("migrations", "sql", "--"), ("deploy", "sql", "--"), ("templates", "html", "{#")]
    {
        let with_mark = |file: Source| lines_with(file, mark);
        texts.extend(files(folder, extension).into_iter().map(with_mark));
    }
    let patches = files("reference/patches", "patch").into_iter();
    texts.extend(patches.map(|file| {
        let header = file.text.split("diff --git").next().unwrap_or_default().to_owned();
        Source { text: header, ..file }
    }));
    texts.extend(files("reference/by-hand", "txt"));
    let scripts = scripts().into_iter();
    let others = [
        ".env.example",
        "Cargo.toml",
        ".clippy.toml",
        "Dockerfile",
        "compose.production.yaml",
        "deny.toml",
        "deploy/nginx.conf",
        "deploy/production.env.example",
        "deploy/systemd.service",
        "rust-toolchain.toml",
    ];
    let others = others.map(str::to_owned);
    texts.extend(scripts.chain(others).map(|path| lines_with(read(&path), "#")));
    texts
}

/// The paths of the shell scripts.
pub(crate) fn scripts() -> Vec<String> {
    let is_script = |path: &String| path.ends_with(".sh") || !path.contains('.');
    let found = ["bin", "deploy", "reference"].into_iter().flat_map(|folder| files(folder, ""));
    let found = found.map(|file| file.path).filter(is_script);
    found.chain([".ci/run", ".devcontainer/run"].map(str::to_owned)).collect()
}

fn documents() -> Vec<Source> {
    let single = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].into_iter();
    let single = single.filter(|path| root(path).is_file()).map(read);
    files("docs", "md").into_iter().chain(single).collect()
}

/// The comments of a Rust file, on their original lines.
fn comments(file: &Source) -> Source {
    let code = file.code();
    let kept = file.text.chars().zip(code.chars());
    let text = kept.map(|(all, code)| if all == code && all != '\n' { ' ' } else { all }).collect();
    Source { path: file.path.clone(), text }
}

fn lines_with(file: Source, mark: &str) -> Source {
    let kept = |line: &'_ str| line.find(mark).map_or(String::new(), |at| line[at..].to_owned());
    let text = file.text.lines().map(kept).collect::<Vec<_>>().join("\n");
    Source { text, ..file }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut places = Vec::new();
    for document in documents() {
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in prose(&document) {
            let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            let missing = links.filter(|link| is_dead(&document, folder, link));
            places.extend(missing.map(|link| format!("{}:{number} {link}", document.path)));
        }
    }
    none_of("These links lead nowhere; link to the replacement:", places);
}

/// The lines that the change of a recipe adds, without the `+`. Other texts add none.
fn added(text: &Source) -> Vec<&str> {
    let diff =
        text.text.split("\n```diff\n").nth(1).filter(|_| text.path.starts_with("docs/recipes/"));
    diff.into_iter()
        .flat_map(|diff| diff.lines().filter_map(|line| line.strip_prefix('+')))
        .collect()
}

/// The lines outside of code blocks, with their numbers.
fn prose(document: &Source) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let lines = document.text.lines().enumerate().filter(|(_, line)| {
        let fence = line.trim_start().trim_start_matches(['/', '!', ' ']).starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines.map(|(index, line)| (index + 1, line)).collect()
}

fn is_dead(document: &Source, folder: &str, link: &str) -> bool {
    if link.contains(':') || link.starts_with('/') {
        return false;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => document.path.clone(),
        path => normal(&format!("{folder}/{path}")),
    };
    if !root(&target).exists() || anchor.is_empty() {
        return !root(&target).exists();
    }
    let text = read(&target).text;
    let found = match target.ends_with(".md") {
        true => text.lines().any(|line| slug(line) == anchor),
        false => words(&text).any(|word| word == anchor),
    };
    !found
}

#[test]
fn texts_name_files_that_exist() {
    const ENDINGS: [&str; 9] =
        [".rs", ".md", ".sql", ".html", ".css", ".js", ".py", ".patch", ".txt"];
    let folders = [
        "src",
        "tests",
        "reference",
        "benches",
        "examples",
        "templates",
        "static",
        "migrations",
        "deploy",
        "docs",
        ".ci",
    ];
    let all: Vec<String> = folders
        .into_iter()
        .flat_map(|folder| files(folder, ""))
        .map(|file| file.path)
        .chain(["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(str::to_owned))
        .collect();
    let mut places = Vec::new();
    for text in texts() {
        let added = added(&text);
        let own = |path: &str| added.iter().any(|line| *line == format!("++ b/{path}"));
        for (number, line) in prose(&text) {
            let is_part = |c: char| c.is_alphanumeric() || "_-./:#{}…".contains(c);
            for token in line.split(|c| !is_part(c)) {
                let (path, symbol) = split_symbol(token);
                let is_path = path.ends_with(".md")
                    || path.contains('/') && ENDINGS.iter().any(|end| path.ends_with(end));
                let foreign = path.starts_with('/') || path.contains("://");
                let elsewhere = foreign || FOREIGN.contains(path) || own(path);
                if !is_path || elsewhere || is_placeholder(path) {
                    continue;
                }
                let path = path.trim_start_matches("../");
                let below = format!("/{path}");
                let place = all.iter().find(|file| **file == path || file.ends_with(&below));
                let names = |place: &String| {
                    let text = read(place).text;
                    symbol.split("::").all(|name| words(&text).any(|word| word == name))
                };
                let whole = symbol.is_empty() || path.ends_with(".md");
                if !place.is_some_and(|place| whole || names(place)) {
                    places.push(format!("{}:{number} {token}", text.path));
                }
            }
        }
    }
    none_of("These files or names do not exist; name what took their place:", places);
}

/// Splits `src/web/csrf.rs::token` or `src/web/csrf.rs#token` into the file and `token`.
fn split_symbol(token: &str) -> (&str, &str) {
    let token = token.trim_end_matches(['.', ':']);
    token.split_once("::").or_else(|| token.split_once('#')).unwrap_or((token, ""))
}

/// Whether a path has a placeholder: `reference/patches/NAME.patch`, `{hash}` or `…`.
fn is_placeholder(path: &str) -> bool {
    let upper = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase());
    path.contains(['{', '…']) || path.split(['/', '.']).any(upper)
}

/// Names in backticks that belong to libraries and tools.
const FOREIGN: &str = include_str!("foreign.txt");

#[test]
fn names_in_backticks_exist() {
    let mut known: HashSet<String> = FOREIGN.split_whitespace().map(str::to_owned).collect();
    let mut learn = |text: &str| known.extend(words(text).map(str::to_owned));
    for (folder, extension) in RUST {
        files(folder, extension).iter().for_each(|file| learn(&file.code()));
    }
    for (folder, ending) in [("migrations", "sql"), ("templates", "html"), ("static", "css")] {
        files(folder, ending).iter().for_each(|file| learn(&file.text));
    }
    for path in [
        ".env.example",
        "Cargo.toml",
        ".clippy.toml",
        "bin/postgres",
        "bin/setup",
        "deploy/production.env.example",
    ] {
        learn(&read(path).text);
    }
    files("reference", "toml").iter().for_each(|file| learn(&file.text));
    let mut places = Vec::new();
    for text in texts() {
        let own: HashSet<&str> = added(&text).into_iter().flat_map(words).collect();
        for (number, line) in prose(&text) {
            for mention in line.split('`').skip(1).step_by(2) {
                let mention = mention.trim_end_matches([':', '(', ')', '…']);
                let is_path = mention.contains("::");
                let is_name = is_path || mention.contains('_');
                let plain = mention.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
                let last = mention.rsplit("::").next().unwrap_or_default();
                let exists = last.is_empty() || known.contains(last) || own.contains(last);
                if is_name && plain && !exists {
                    places.push(format!("{}:{number} {mention}", text.path));
                }
            }
        }
    }
    none_of(
        "No code has these names. Name what took their place, or add a library's name to reference/foreign.txt:",
        places,
    );
}

/// Words that leave with these features, if a project of `bin/new` has none of them.
const WORDS_OF_FEATURES: [(&[&str], &[&str]); 1] = [(
    &["passkeys", "totp"],
    &[
        "second factor",
        "second-factor",
        "second_factor",
        "reset-factors",
        "recovery code",
        "half login",
        "authenticator",
        "passkey",
        "totp",
        "key reseal",
    ],
)];

#[test]
fn no_text_of_a_project_names_a_feature_that_it_left_out() {
    // `bin/new` writes it. This repository has none.
    let answers = std::fs::read_to_string(root(".upstream.toml")).unwrap_or_default();
    let without = answers.lines().find(|line| line.starts_with("without")).unwrap_or_default();
    let mut places = Vec::new();
    for (features, gone) in WORDS_OF_FEATURES {
        if !features.iter().all(|feature| without.contains(&format!("\"{feature}\""))) {
            continue;
        }
        for text in texts().into_iter().filter(|text| text.path != "CHANGELOG.md") {
            for (number, line) in text.text.lines().enumerate() {
                let line = line.to_lowercase();
                let word = gone.iter().find(|word| line.contains(*word));
                places.extend(word.map(|word| format!("{}:{} {word}", text.path, number + 1)));
            }
        }
    }
    none_of(
        "These texts name what the project left out. Add a change to reference/features.toml:",
        places,
    );
}

const TRAPS_PAGE: &str = "docs/actix-session.md";

#[test]
fn every_trap_is_compiled_tested_and_explained() {
    let (page, modules, lock) =
        (read(TRAPS_PAGE), read("reference/traps/mod.rs"), read("Cargo.lock"));
    let mut places = Vec::new();
    for file in files("reference/traps", "rs").into_iter().filter(|file| file.path != modules.path)
    {
        let name = file.path.trim_start_matches("reference/traps/").trim_end_matches(".rs");
        let header = file.text.lines().take_while(|line| line.starts_with("//!"));
        let header = header.map(|line| line[3..].trim()).collect::<Vec<_>>().join(" ");
        let link = format!("(../{})", file.path);
        let mut rows = page.text.lines().filter(|line| line.contains(&link)).peekable();
        let explained = rows.peek().is_some();
        let code = our_files(&header);
        for (wrong, problem) in [
            (!modules.text.contains(&format!("mod {name};")), "is not in mod.rs, so it never runs"),
            (!file.code().contains("test]\n"), "has no test"),
            (!is_used(&lock.text, &header), "does not begin with a library and a version in use"),
            (code.is_empty(), "names none of our files in backticks"),
            (!explained, "is in no row of docs/actix-session.md"),
            (
                explained && rows.all(|row| our_files(row).is_disjoint(&code)),
                "and its row name different files",
            ),
        ] {
            if wrong {
                places.push(format!("{} {problem}", file.path));
            }
        }
    }
    none_of("A trap, its row and our code belong together. Complete what is missing:", places);
}

/// The files in backticks that are not about tests.
fn our_files(text: &str) -> HashSet<&str> {
    let paths = text.split('`').skip(1).step_by(2).map(|token| split_symbol(token).0);
    paths.filter(|path| path.starts_with("src/") || *path == ".clippy.toml").collect()
}

/// Whether a text that begins with `actix-web 4.18` is about a version in Cargo.lock.
fn is_used(lock: &str, text: &str) -> bool {
    let mut words = text.split([' ', ':']);
    let (library, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let entry = format!("name = \"{library}\"\nversion = \"{version}.");
    library == "PostgreSQL" || !version.is_empty() && lock.contains(&entry)
}

#[test]
fn every_row_about_a_library_has_a_trap_and_tests_that_exist() {
    const FOLDERS: [(&str, &str); 4] = [
        ("attack", "attacks"),
        ("practice", "practices"),
        ("flow", "flows"),
        ("settings", "settings"),
    ];
    let page = read(TRAPS_PAGE);
    let is_row = |line: &&str| line.starts_with("| ") && !line.ends_with("| Shown by |");
    let mut places = Vec::new();
    for row in page.text.lines().filter(is_row) {
        let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        if !shown_by.starts_with("[trap](../reference/traps/") {
            places.push(format!("no trap: {row}"));
        }
        for part in shown_by.split("; ").skip(1) {
            let folder = FOLDERS.iter().find(|(kind, _)| part.starts_with(kind));
            let names = part.split('`').skip(1).step_by(2);
            places.extend(names.filter_map(|name| {
                let path = format!("tests/{}/{name}", folder.map_or("", |(_, folder)| folder));
                (!root(&path).is_file()).then_some(path)
            }));
        }
    }
    none_of("Rows of docs/actix-session.md without a trap, and tests that are gone:", places);
}

#[test]
fn ids_of_standards_are_well_formed() {
    let mut places = Vec::new();
    for text in texts() {
        for (number, line) in prose(&text) {
            let words = line.split(|c: char| c.is_whitespace() || "(),;|`\"".contains(c));
            let mut previous = "";
            for word in words {
                let bare = word.trim_end_matches(['.', ':']).trim_end_matches("'s");
                let first_digit = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
                let digits = |word: &str| word.chars().all(|c| c.is_ascii_digit());
                let wrong = match previous {
                    // A version or a section has two numbers, a requirement three.
                    "ASVS" => first_digit(bare) && !(2..=3).contains(&bare.split('.').count()),
                    "RFC" if bare != "6265bis" => {
                        first_digit(bare) && !(digits(bare) && (3..=5).contains(&bare.len()))
                    }
                    "SP" => !["800-63B-4", "800-63B", "800-38D"].contains(&bare),
                    _ => false,
                };
                let cve = bare.strip_prefix("CVE-").map(|id| id.split('-').collect::<Vec<_>>());
                let cve =
                    cve.is_some_and(|id| id.len() != 2 || !id.iter().all(|part| digits(part)));
                if wrong || cve {
                    places.push(format!("{}:{number} {previous} {word}", text.path));
                }
                previous = bare;
            }
        }
    }
    none_of("These are no ids that a reader could look up:", places);
}

#[test]
fn the_picture_in_the_readme_is_of_todays_page() {
    assert!(picture::picture().is_file());
    let taken_of = std::fs::read_to_string(picture::digest_file()).unwrap_or_default();
    assert!(taken_of == picture::digest(), "The login page has changed: run reference/screenshots");
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The anchor of a heading; empty for any other line.
fn slug(line: &str) -> String {
    let heading = line.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    if line.starts_with('#') {
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    } else {
        String::new()
    }
}

fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
