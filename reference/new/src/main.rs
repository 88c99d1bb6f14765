//! Makes a project of its own from this repository, or updates one that it has made.
//! `bin/new` runs it.

mod documents;
mod features;
mod git;
mod project;

use std::collections::BTreeSet;
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;

use features::Features;
use project::Answers;

/// Makes a project from this repository: copies it, renames it, leaves features out, makes the
/// first commit, and runs the tests.
#[derive(Parser)]
#[command(
    name = "bin/new",
    bin_name = "bin/new",
    arg_required_else_help = true,
    override_usage = "bin/new NAME [OPTIONS]\n       bin/new --update FOLDER\n       bin/new --list"
)]
struct Arguments {
    /// The name of the crate, the program, the database and its role, such as `ledgerly`
    #[arg(required_unless_present_any = ["list", "update"])]
    name: Option<String>,
    /// The name on pages and in emails [default: the name with a capital letter]
    #[arg(long)]
    title: Option<String>,
    /// Who holds the copyright of what you write. Asked for on a terminal
    #[arg(long)]
    holder: Option<String>,
    /// Features to leave out, such as `totp,passkeys`
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Optional features to keep, such as `lesson`
    #[arg(long, value_delimiter = ',')]
    with: Vec<String>,
    /// The folder of the project [default: the name, beside this repository]
    #[arg(long)]
    into: Option<PathBuf>,
    /// Do not run the tests at the end
    #[arg(long)]
    no_test: bool,
    /// Write this version onto the branch `upstream` of the project in FOLDER, ready to be merged
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["name", "title", "holder", "without", "with", "into"])]
    update: Option<PathBuf>,
    /// List the features
    #[arg(long)]
    list: bool,
    /// The root of this repository
    #[arg(long, hide = true, env = "TEMPLATE")]
    template: PathBuf,
}

fn main() -> ExitCode {
    match make(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // No backtrace: each message says what to do.
            eprintln!("bin/new: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn make(mut arguments: Arguments) -> Result<()> {
    for names in [&mut arguments.without, &mut arguments.with] {
        *names = names.iter().map(|name| name.trim().to_owned()).collect();
        names.retain(|name| !name.is_empty());
    }
    let features = Features::read(&arguments.template)?;
    if arguments.list {
        list(&features);
        return Ok(());
    }
    let version = version(&arguments.template)?;
    let commit = git::describe(&arguments.template)?;
    if commit.ends_with("-dirty") {
        eprintln!(
            "bin/new: warning: this repository has changes that are not committed. They get into \
             the project, and no commit has them: a later update cannot be compared with it"
        );
    }
    if let Some(folder) = &arguments.update {
        return update(&arguments.template, &features, folder, version, commit);
    }
    let name = arguments.name.clone().context("a name")?;
    project::check_name(&name)?;
    features.left_out(&arguments.without, &arguments.with)?;
    let folder = match &arguments.into {
        Some(folder) => folder.clone(),
        None => arguments.template.parent().context("a folder beside this one")?.join(&name),
    };
    let empty = fs::read_dir(&folder).map_or(!folder.exists(), |mut files| files.next().is_none());
    ensure!(empty, "{} exists already", folder.display());
    let sorted =
        |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let answers = Answers {
        version,
        commit,
        source: git::source(&arguments.template),
        title: arguments.title.map_or_else(|| capital(&name), |title| title.trim().to_owned()),
        holder: arguments.holder.map_or_else(asked_for_holder, Ok)?.trim().to_owned(),
        without: sorted(&arguments.without),
        with: sorted(&arguments.with),
        name,
    };
    answers.check()?;
    let was_there = folder.exists();
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    if let Err(error) = begin(&arguments.template, &features, &answers, &folder) {
        // Otherwise the next try would find a folder that is not empty.
        let deleted = if was_there { clear(&folder) } else { fs::remove_dir_all(&folder) };
        if let Err(left) = deleted {
            eprintln!("bin/new: cannot delete {}: {left}", folder.display());
        }
        return Err(error);
    }
    println!("{} is in {}", answers.title, folder.display());
    if !arguments.no_test {
        println!("Its tests run now. The first build takes four to eight minutes on two cores.");
        project::run(&folder, "bin/test", &[])?;
    }
    println!("Next: cd {} && bin/run", quoted(&folder));
    println!("Common changes, such as a table: {}", quoted(&arguments.template.join("bin/recipe")));
    Ok(())
}

/// Writes the project, and makes its first commit.
fn begin(template: &Path, features: &Features, answers: &Answers, folder: &Path) -> Result<()> {
    project::write(template, features, answers, folder)?;
    git::git(folder, &["init", "--quiet", "--initial-branch=main"])?;
    git::commit_all(folder, &answers.name, &format!("Begin with Vestibule {}", answers.origin()))?;
    // Later versions are written onto this branch, and merged from it.
    git::git(folder, &["branch", "upstream"])?;
    Ok(())
}

/// Empties a folder.
fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    Ok(())
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if path.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c)) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// Replaces the tree of the branch `upstream` by what this version would make of the same answers.
fn update(
    template: &Path,
    features: &Features,
    folder: &Path,
    version: String,
    commit: String,
) -> Result<()> {
    ensure!(
        folder.is_dir(),
        "there is no folder {}: --update takes the folder of a project that bin/new has made",
        folder.display()
    );
    let folder = &folder.canonicalize().with_context(|| folder.display().to_string())?;
    let old = Answers::read(folder)?;
    let work = folder.join(".git").join("upstream-tree");
    let tree = work.to_str().context("a path in UTF-8")?;
    has_upstream(folder)?;
    let current = git::git(folder, &["branch", "--show-current"])?;
    ensure!(
        current != "upstream",
        "{} is on the branch upstream, which is written now: git checkout the branch of your work",
        folder.display()
    );
    if work.exists() {
        git::git(folder, &["worktree", "remove", "--force", tree])?;
    }
    git::git(folder, &["worktree", "add", "--quiet", "--force", tree, "upstream"])?;
    git::git(&work, &["rm", "-r", "--quiet", "--ignore-unmatch", "."])?;
    let source = git::source(template);
    let answers = Answers { version, commit, source, ..old.clone() };
    let done = rewrite(template, features, &answers, &work);
    git::git(folder, &["worktree", "remove", "--force", tree])?;
    let news = if done? { "now" } else { "already" };
    println!("The branch upstream has Vestibule {} {news}.", answers.origin());
    println!("{} has Vestibule {}.", folder.display(), old.origin());
    println!("Next: cd {} && git merge upstream && bin/test", quoted(folder));
    Ok(())
}

/// Writes this version into the worktree of the branch `upstream`, and commits it. `false` if the
/// branch has it already.
fn rewrite(template: &Path, features: &Features, answers: &Answers, work: &Path) -> Result<bool> {
    project::write(template, features, answers, work)?;
    let keep = ["checkout", "--quiet", "HEAD", "--"];
    git::git(work, &[&keep[..], &project::OWN_DOCUMENTS].concat())?;
    git::git(work, &["add", "--all"])?;
    let is_new = !git::git(work, &["status", "--porcelain"])?.is_empty();
    if is_new {
        let message = format!("Take Vestibule {}", answers.origin());
        git::commit_all(work, &answers.name, &message)?;
    }
    Ok(is_new)
}

/// # Errors
/// When this clone has no branch `upstream`, with the command that brings it.
fn has_upstream(folder: &Path) -> Result<()> {
    let branches =
        |pattern| git::git(folder, &["for-each-ref", "--format=%(refname:lstrip=2)", pattern]);
    if !branches("refs/heads/upstream")?.is_empty() {
        return Ok(());
    }
    // A clone has the branches of its remote, but no branch of its own for them.
    let remote = branches("refs/remotes/*/upstream")?;
    match remote.lines().next() {
        Some(remote) => bail!(
            "this clone of the project has no branch `upstream` yet: git -C {} branch upstream {remote}",
            folder.display()
        ),
        None => bail!(
            "the project has no branch `upstream`, and no remote that was fetched has one. Push it \
             from the clone that has it: git push origin upstream. If there is none, docs/upgrading.md \
             says how to make it"
        ),
    }
}

fn list(features: &Features) {
    let named = features
        .feature
        .iter()
        .filter(|(name, f)| f.shared_by.is_empty() && *name != features::REFERENCE);
    let (optional, usual): (Vec<_>, Vec<_>) = named.partition(|(_, feature)| feature.optional);
    for (head, group) in [("--without takes out:", usual), ("--with keeps:", optional)] {
        println!("{head}");
        for (name, feature) in group {
            println!("  {name:<10} {}", feature.summary);
        }
    }
    println!("These cannot be left out:");
    for (name, reason) in &features.required {
        println!("  {name:<10} {reason}");
    }
}

/// The version in `Cargo.toml` of the template.
fn version(template: &Path) -> Result<String> {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(template.join("Cargo.toml"))?)?;
    let version = manifest.get("package").and_then(|package| package.get("version")?.as_str());
    Ok(version.context("Cargo.toml has no version")?.to_owned())
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn asked_for_holder() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Ok(String::new());
    }
    print!("Who holds the copyright of what you write? (may stay empty) ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
