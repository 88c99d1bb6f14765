//! `reference/features.toml`: what leaves the tree with each feature.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The feature that every project leaves out.
pub const REFERENCE: &str = "reference";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    pub feature: BTreeMap<String, Feature>,
    /// What cannot be left out, and why.
    pub required: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    pub summary: String,
    /// Left out unless the project asks for it.
    #[serde(default)]
    pub optional: bool,
    /// The features that share this one. It is left out when all of them are, and cannot be named.
    #[serde(default)]
    pub shared_by: Vec<String>,
    /// Files, and folders with a slash.
    #[serde(default)]
    pub delete: Vec<String>,
    #[serde(default)]
    pub change: Vec<Change>,
}

/// Replaces a text that occurs exactly once in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub file: String,
    pub from: String,
    #[serde(default)]
    pub to: String,
    /// Skipped when one of these features is left out too.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Skipped unless all of these features are left out too.
    #[serde(default)]
    pub also: Vec<String>,
}

impl Features {
    /// # Errors
    /// When the file is missing, invalid, or names a feature that it does not describe.
    pub fn read(template: &Path) -> Result<Self> {
        let path = template.join("reference/features.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let features: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        for (name, feature) in &features.feature {
            let conditions =
                feature.change.iter().flat_map(|change| change.unless.iter().chain(&change.also));
            for other in feature.shared_by.iter().chain(conditions) {
                ensure!(
                    features.feature.contains_key(other),
                    "{name} names {other}, which is no feature"
                );
            }
        }
        Ok(features)
    }

    /// The features that a project leaves out, given what it asks for.
    ///
    /// # Errors
    /// When a name is unknown, or that of something that cannot be left out.
    pub fn left_out(&self, without: &[String], with: &[String]) -> Result<BTreeSet<String>> {
        let nameable = |name: &&String| {
            self.feature.get(*name).is_some_and(|f| f.shared_by.is_empty() && *name != REFERENCE)
        };
        for name in without.iter().chain(with) {
            if let Some(reason) = self.required.get(name) {
                bail!("{name} cannot be left out: {reason}");
            }
            if nameable(&name) {
                continue;
            }
            let known = self.feature.keys().filter(nameable).chain(self.required.keys());
            let Some(near) = nearest(name, known) else {
                bail!("there is no feature {name}. bin/new --list shows them");
            };
            match self.required.get(near) {
                Some(reason) => bail!("{name} is called {near}, and cannot be left out: {reason}"),
                None => bail!("there is no feature {name}. Did you mean {near}?"),
            }
        }
        let optional = self.feature.iter().filter(|(name, f)| f.optional && !with.contains(name));
        let mut out: BTreeSet<String> = optional.map(|(name, _)| name.clone()).collect();
        out.extend(without.iter().cloned());
        out.insert(REFERENCE.to_owned());
        let implied = self.feature.iter().filter(|(_, feature)| {
            !feature.shared_by.is_empty() && feature.shared_by.iter().all(|part| out.contains(part))
        });
        let implied: Vec<String> = implied.map(|(name, _)| name.clone()).collect();
        out.extend(implied);
        Ok(out)
    }

    /// Deletes and changes the files of a copy of the tree.
    ///
    /// # Errors
    /// A list of everything that does not fit the tree: a path that is gone, a text that is gone or
    /// occurs twice.
    pub fn apply(&self, tree: &Path, out: &BTreeSet<String>) -> Result<()> {
        let mut problems = Vec::new();
        let deleted: BTreeSet<&String> =
            out.iter().flat_map(|name| &self.feature[name].delete).collect();
        // Two features may delete the same file, so all are looked for before the first is deleted.
        problems.extend(
            deleted
                .iter()
                .filter(|path| !tree.join(path).exists())
                .map(|path| format!("there is no {path}")),
        );
        for path in &deleted {
            let place = tree.join(path);
            if place.is_dir() {
                fs::remove_dir_all(&place)?;
            } else if place.exists() {
                fs::remove_file(&place)?;
            }
        }
        let gone = |file: &str| {
            deleted
                .iter()
                .any(|path| *path == file || path.ends_with('/') && file.starts_with(*path))
        };
        for name in out {
            for change in &self.feature[name].change {
                let skipped = change.unless.iter().any(|other| out.contains(other))
                    || !change.also.iter().all(|other| out.contains(other));
                if skipped || gone(&change.file) {
                    continue;
                }
                if let Err(problem) = change.apply(tree) {
                    problems.push(format!("{name}: {problem:#}"));
                }
            }
        }
        ensure!(
            problems.is_empty(),
            "reference/features.toml does not fit the tree:\n{}",
            problems.join("\n")
        );
        Ok(())
    }
}

/// The name that begins with the same letters, at least three of them.
fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let shared = |name: &String| {
        let letters = typed.to_lowercase();
        letters.chars().zip(name.chars()).take_while(|(one, other)| one == other).count()
    };
    known.filter(|name| shared(name) >= 3).max_by_key(|name| shared(name))
}

impl Change {
    fn apply(&self, tree: &Path) -> Result<()> {
        let path = tree.join(&self.file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("there is no {}", self.file))?;
        match text.matches(&self.from).count() {
            1 => {
                fs::write(&path, text.replacen(&self.from, &self.to, 1)).context(self.file.clone())
            }
            count => bail!("{} has {count} times, not once:\n{}", self.file, self.from),
        }
    }
}
