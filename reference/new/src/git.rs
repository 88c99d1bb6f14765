//! The few git commands that making a project needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The output of git, without its last line break.
///
/// # Errors
/// When git is missing or fails.
pub fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    // A hook or an alias of a surrounding repository sets these.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    let output = command
        .args(["-c", "core.hooksPath=/dev/null", "-C"])
        .arg(folder)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output();
    let output = output.context("git is missing")?;
    ensure!(output.status.success(), "git {} failed in {}", arguments.join(" "), folder.display());
    Ok(String::from_utf8(output.stdout)?.trim_end_matches('\n').to_owned())
}

/// The files of a tree that git tracks, relative to it.
///
/// # Errors
/// When the tree is not a repository.
pub fn files(tree: &Path) -> Result<Vec<PathBuf>> {
    let listed = git(tree, &["ls-files", "-z"])
        .context("a project is made from a clone of the repository")?;
    let paths = listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
    let is_file = |path: &PathBuf| tree.join(path).symlink_metadata().is_ok_and(|m| m.is_file());
    Ok(paths.filter(is_file).collect())
}

/// Where a tree was cloned from: the URL of its remote, without a user and a password. Empty if it
/// was cloned from a folder, or from nowhere.
pub fn source(tree: &Path) -> String {
    let remotes = git(tree, &["config", "--get-regexp", r"^remote\.origin\.url$"]);
    let url = remotes.unwrap_or_default();
    let url = url.split_once(' ').map_or("", |(_, url)| url);
    match url.split_once("://") {
        Some((scheme, rest)) if scheme != "file" => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None if url.contains('@') && url.contains(':') => url.to_owned(),
        _ => String::new(),
    }
}

/// The commit of a tree, for `git checkout`. Ends in `-dirty` if tracked files have changed since.
///
/// # Errors
/// When the tree is not a repository, or has no commit.
pub fn describe(tree: &Path) -> Result<String> {
    git(tree, &["describe", "--always", "--tags", "--dirty", "--abbrev=12"])
        .context("a project is made from a clone of the repository")
}

/// Commits everything. Without an identity of git, the project signs.
///
/// # Errors
/// When git fails.
pub fn commit_all(folder: &Path, name: &str, message: &str) -> Result<()> {
    git(folder, &["add", "--all"])?;
    let mut known = Command::new("git");
    known.arg("-C").arg(folder).args(["var", "GIT_COMMITTER_IDENT"]);
    let known = known.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let known = known.is_ok_and(|status| status.success());
    let (user, email) = (format!("user.name={name}"), format!("user.email={name}@localhost"));
    let identity: &[&str] = if known { &[] } else { &["-c", &user, "-c", &email] };
    git(
        folder,
        &[identity, &["commit", "--quiet", "--allow-empty", "--message", message]].concat(),
    )?;
    Ok(())
}
