//! A copy of the tree as a project of its own: names, documents, SQL descriptions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::features::Features;
use crate::{documents, git};

/// As for `APP_NAME`.
const TITLE_MAX: usize = 60;
/// The version of a new project. It is its own: a version of the template in a file of the project
/// would be a conflict in each update.
const FIRST_VERSION: &str = "0.1.0";
/// Files that a project writes itself. An update leaves them as they are on the branch `upstream`.
pub const OWN_DOCUMENTS: [&str; 2] = ["README.md", "CHANGELOG.md"];

/// The file in which a project keeps its answers.
pub const ANSWERS: &str = ".upstream.toml";

/// Files whose text stays: a changed key label is another key, the licences are not ours to change,
/// and updates come from the template.
const NEVER_RENAMED: [&str; 4] =
    ["src/keys.rs", "LICENSE-MIT", "LICENSE-APACHE", "docs/upgrading.md"];

/// What a project was made with. An update makes the same choices again.
#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The version of Vestibule.
    pub version: String,
    /// Its commit, as `git describe --always --tags --dirty` names it. Projects of earlier versions
    /// have none.
    #[serde(default)]
    pub commit: String,
    /// Where that clone came from. Empty if it has no remote.
    #[serde(default)]
    pub source: String,
    pub name: String,
    pub title: String,
    #[serde(default)]
    pub holder: String,
    pub without: Vec<String>,
    pub with: Vec<String>,
}

impl Answers {
    /// The values get into scripts, settings and pages.
    ///
    /// # Errors
    /// When one of them could mean something else there than itself.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let special = ['"', '\'', '\\', '`', '$', '#', '<', '>', '&', '{', '}'];
        let plain = |text: &str| !text.contains(special) && !text.contains(char::is_control);
        ensure!(
            plain(&self.title) && (1..=TITLE_MAX).contains(&self.title.chars().count()),
            "the title has 1 to {TITLE_MAX} characters, and no quotes, \\ $ # < > & {{ }}"
        );
        ensure!(plain(&self.holder), "the holder must not contain quotes, \\ $ # < > & {{ }}");
        Ok(())
    }

    /// The version and the commit, for people.
    pub fn origin(&self) -> String {
        format!("{} {}", self.version, self.commit).trim_end().to_owned()
    }

    /// # Errors
    /// When the folder was not made by `bin/new`.
    pub fn read(folder: &Path) -> Result<Self> {
        let text = fs::read_to_string(folder.join(ANSWERS)).with_context(|| {
            format!("{} has no {ANSWERS}: bin/new did not make it", folder.display())
        })?;
        let answers: Self = toml::from_str(&text).context(ANSWERS)?;
        answers.check().context(ANSWERS)?;
        Ok(answers)
    }
}

/// The library, crates of the standard library, folders of cargo, databases of PostgreSQL, and the
/// template.
const TAKEN: &str = "\
    app alloc core proc_macro std test build deps examples incremental \
    postgres template0 template1 vestibule";
/// Words of Rust, and those that PostgreSQL does not take as the name of a role or a database: of
/// `pg_get_keywords()` the categories R and T, and two names of roles.
const RESERVED: &str = "\
    abstract as async await become box break const continue crate do dyn else enum extern false \
    final fn for gen if impl in let loop macro match mod move mut override priv pub ref return \
    self static struct super trait true try type typeof unsafe unsized use virtual where while \
    yield \
    all analyse analyze and any array asc asymmetric authorization binary both case cast check \
    collate collation column concurrently constraint create cross current_catalog current_date \
    current_role current_schema current_time current_timestamp current_user default deferrable \
    desc distinct end except fetch foreign freeze from full grant group having ilike initially \
    inner intersect into is isnull join lateral leading left like limit localtime localtimestamp \
    natural not notnull null offset on only or order outer overlaps placing primary references \
    returning right select session_user similar some symmetric system_user table tablesample then \
    to trailing union unique user using variadic verbose when window with \
    none public";

/// Whether the name can be that of a crate, a database and a role.
///
/// # Errors
/// With the reason.
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(plain)
            && name.len() <= 40,
        "{name} is no name of a project: use up to 40 lower-case letters, digits and _, such as ledgerly"
    );
    ensure!(!name.starts_with("pg_"), "PostgreSQL reserves names that begin with pg_");
    ensure!(
        !TAKEN.split_whitespace().chain(RESERVED.split_whitespace()).any(|word| word == name),
        "{name} is taken or a reserved word: choose another name"
    );
    Ok(())
}

/// Writes the project into `folder`, which has no files yet.
///
/// # Errors
/// When the list of features does not fit the tree, or a file cannot be written.
pub fn write(template: &Path, features: &Features, answers: &Answers, folder: &Path) -> Result<()> {
    let out = features.left_out(&answers.without, &answers.with)?;
    for file in git::files(template)? {
        let to = folder.join(&file);
        fs::create_dir_all(to.parent().context("a folder")?)?;
        fs::copy(template.join(&file), &to).with_context(|| file.display().to_string())?;
    }
    features.apply(folder, &out)?;
    // Statements that a feature changes when it leaves. `bin/prepare` in a project describes them.
    for description in walk(&template.join("reference/new/sqlx"))? {
        let name = description.file_name().context("a name")?;
        fs::copy(&description, folder.join(".sqlx").join(name))?;
    }
    keep_only_used_queries(folder)?;
    documents::unlink_deleted_files(folder)?;
    documents::forget_deleted_files(template, folder)?;
    rename(folder, answers)?;
    for name in OWN_DOCUMENTS {
        let text = fs::read_to_string(template.join("reference/new").join(name)).context(name)?;
        fs::write(folder.join(name), fill(&text, answers, &out))?;
    }
    let head =
        "# How bin/new made this project. docs/upgrading.md says how to take a later version.\n";
    fs::write(folder.join(ANSWERS), head.to_owned() + &toml::to_string(answers)?)?;
    set_version(folder)?;
    // The manifest has another name and version and fewer dependencies now.
    run(folder, "cargo", &["update", "--quiet", "--workspace", "--offline"])
        .or_else(|_| run(folder, "cargo", &["update", "--quiet", "--workspace"]))?;
    run(folder, "cargo", &["fmt"])
}

fn set_version(folder: &Path) -> Result<()> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let version = lines.iter_mut().find(|line| line.starts_with("version = "));
    *version.context("Cargo.toml has no version")? = format!("version = \"{FIRST_VERSION}\"");
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}

/// The files below a folder.
pub fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(".git" | "target" | ".postgres") => {}
            _ if path.is_dir() => found.extend(walk(&path)?),
            _ => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// Replaces the name in every text.
fn rename(folder: &Path, answers: &Answers) -> Result<()> {
    for path in walk(folder)? {
        let kept = NEVER_RENAMED.iter().any(|file| path == folder.join(file));
        let Ok(text) = fs::read_to_string(&path) else { continue }; // a picture or a font
        if kept {
            continue;
        }
        let new = text.replace("vestibule", &answers.name).replace("Vestibule", &answers.title);
        // A value with a space needs quotes in a file of settings.
        let settings = path.to_string_lossy().ends_with(".env.example");
        let (bare, title) = (format!("APP_NAME={}\n", answers.title), &answers.title);
        let new = if settings && title.contains(' ') {
            new.replace(&bare, &format!("APP_NAME=\"{title}\"\n"))
        } else {
            new
        };
        if new != text {
            fs::write(&path, new)?;
        }
    }
    Ok(())
}

/// Deletes the descriptions of SQL statements (`.sqlx/`) that no source file has any more.
fn keep_only_used_queries(folder: &Path) -> Result<()> {
    let mut sources = String::new();
    for path in walk(&folder.join("src"))? {
        sources += &fs::read_to_string(path)?;
    }
    for path in walk(&folder.join(".sqlx"))? {
        let text = fs::read_to_string(&path)?;
        let query = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("\"query\": \"")?.strip_suffix("\","));
        let query = query.with_context(|| format!("{} has no query", path.display()))?;
        let query = query.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
        if !sources.contains(&query) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn fill(text: &str, answers: &Answers, out: &BTreeSet<String>) -> String {
    let mut filled = String::new();
    // A line that begins with `{FEATURE}` is only there with the feature.
    for line in text.lines() {
        let line = match line.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, rest)) if !name.starts_with('{') => {
                if out.contains(name) {
                    continue;
                }
                rest
            }
            _ => line,
        };
        filled += line;
        filled.push('\n');
    }
    let holder = if answers.holder.is_empty() { "the authors" } else { &answers.holder };
    filled
        .replace("{{title}}", &answers.title)
        .replace("{{name}}", &answers.name)
        .replace("{{holder}}", holder)
}

/// # Errors
/// When the program is missing or fails.
pub fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program).args(arguments).current_dir(folder).status();
    let done = status.with_context(|| format!("cannot run {program}"))?.success();
    ensure!(done, "{program} {} failed in {}", arguments.join(" "), folder.display());
    Ok(())
}
