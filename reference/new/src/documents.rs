//! Removes links and references to files that a project does not have from its documents.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::walk;

/// Turns links to deleted files into plain text. A recipe stays in this repository, so it is named:
/// docs/make-it-yours.md of a project says where recipes are.
pub fn unlink_deleted_files(folder: &Path) -> Result<()> {
    for path in documents(folder)? {
        let text = fs::read_to_string(&path)?;
        let here = path.parent().context("a folder")?;
        let mut new = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("](") {
            let end = rest[at..].find(')').map_or(rest.len(), |end| at + end);
            let target = rest[at + 2..end].split('#').next().unwrap_or_default();
            let dead = !target.is_empty() && !target.contains(':') && !here.join(target).exists();
            let open = rest[..at].rfind('[').filter(|_| dead);
            if let Some(open) = open {
                new += &rest[..open];
                let label = &rest[open + 1..at];
                new += &recipe(target).unwrap_or_else(|| label.to_owned());
                rest = rest.get(end + 1..).unwrap_or_default();
            } else {
                new += &rest[..at + 2];
                rest = &rest[at + 2..];
            }
        }
        new += rest;
        if new != text {
            fs::write(&path, new)?;
        }
    }
    Ok(())
}

/// The words for a link that leads to a recipe.
fn recipe(target: &str) -> Option<String> {
    let name = target.rsplit_once("recipes/")?.1.strip_suffix(".md")?;
    Some(format!("the recipe `{name}`"))
}

/// Takes deleted files out of the lists of code and tests in documents. A cell that named nothing
/// else gets a dash.
pub fn forget_deleted_files(template: &Path, folder: &Path) -> Result<()> {
    for path in documents(folder)? {
        let text = fs::read_to_string(&path)?;
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            let mut line = line.to_owned();
            let names: Vec<String> =
                line.split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect();
            for name in names {
                let file = name.trim_matches('`').split("::").next().unwrap_or_default();
                let was_there = file.contains('/') && template.join(file).is_file();
                if !was_there || folder.join(file).exists() {
                    continue;
                }
                let places = [
                    (format!(", {name}"), ""),
                    (format!("; {name}"), ""),
                    (format!("{name}, "), ""),
                    (format!("{name}; "), ""),
                    (format!("| {name} |"), "| – |"),
                ];
                if let Some((place, to)) = places.iter().find(|(place, _)| line.contains(place)) {
                    line = line.replacen(place, to, 1);
                }
            }
            lines.push(line);
        }
        let new = lines.join("\n") + "\n";
        if new != text {
            fs::write(&path, new)?;
        }
    }
    Ok(())
}

fn documents(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_document = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "md");
    Ok(walk(folder)?.into_iter().filter(is_document).collect())
}
