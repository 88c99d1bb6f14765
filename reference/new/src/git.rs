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

/// Where a tree was cloned from: the URL of its remote, without a password. Empty if it was cloned
/// from a folder, or from nowhere.
pub fn source(tree: &Path) -> String {
    let remotes = git(tree, &["config", "--get-regexp", r"^remote\.origin\.url$"]);
    let remotes = remotes.unwrap_or_default();
    let first = remotes.lines().next().and_then(|line| line.split_once(' '));
    first.map_or_else(String::new, |(_, url)| public(url))
}

/// A URL without the password in it, and for https without the user, which may be a token.
fn public(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if scheme != "file" => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            match login.split(':').next() {
                Some(user) if scheme == "ssh" && !user.is_empty() => {
                    format!("{scheme}://{user}@{host}/{path}")
                }
                _ => format!("{scheme}://{host}/{path}"),
            }
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

#[cfg(test)]
mod tests {
    use super::public;

    #[test]
    fn a_url_keeps_no_password() {
        for (url, kept) in [
            ("https://example.com/a/b.git", "https://example.com/a/b.git"),
            ("https://token@example.com/a/b", "https://example.com/a/b"),
            ("https://ada:secret@example.com:8443/a", "https://example.com:8443/a"),
            ("ssh://git@example.com/a/b", "ssh://git@example.com/a/b"),
            ("ssh://git:secret@example.com/a", "ssh://git@example.com/a"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("file:///home/ada/vestibule", ""),
            ("/home/ada/vestibule", ""),
            ("../vestibule", ""),
        ] {
            assert_eq!(public(url), kept, "{url}");
        }
    }
}
