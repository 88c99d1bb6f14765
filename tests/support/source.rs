//! Reads source files for the house rules: Rust without comments, and with every path resolved, so
//! that `use crate::{flows, web::csrf as c}` hides no import.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

pub(crate) struct Source {
    /// Relative to the root of the project, with `/`.
    pub path: String,
    pub text: String,
}

/// A path in the code, as `crate::…` or `library::…`, with its line number.
pub(crate) struct Name {
    pub line: usize,
    pub path: String,
}

/// All files with this extension in a folder and its subfolders, sorted. An empty extension gives
/// the paths of all files, without their text.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root(folder)) else { return found };
    for entry in entries {
        let name = entry.expect("a folder that can be read").file_name();
        let path = format!("{folder}/{}", name.to_str().expect("a name in UTF-8"));
        if root(&path).is_dir() {
            found.extend(files(&path, extension));
        } else if extension.is_empty() {
            found.push(Source { path, text: String::new() });
        } else if Path::new(&path).extension().is_some_and(|found| found == extension) {
            found.push(read(&path));
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

pub(crate) fn read(path: &str) -> Source {
    let text = fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Source { path: path.to_owned(), text }
}

/// Of this project, or of the one in `TREE`, whose texts `reference/try-new` checks.
pub(crate) fn root(path: &str) -> std::path::PathBuf {
    let tree = std::env::var("TREE").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&tree).join(path)
}

/// Panics with the advice and the list of places, if there are any.
#[track_caller]
pub(crate) fn none_of(advice: &str, places: Vec<String>) {
    assert!(places.is_empty(), "{advice}\n  {}\n", places.join("\n  "));
}

impl Source {
    /// The code with comments blanked out. Strings stay, because they contain the SQL.
    pub(crate) fn code(&self) -> String {
        blank(&self.text, false)
    }

    /// `crate::flows::password::reset` for `src/flows/password/reset.rs`.
    pub(crate) fn module(&self) -> String {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.strip_suffix("mod").map_or(path, |folder| folder.trim_end_matches('/'));
        match path {
            "" | "lib" | "main" => "crate".to_owned(),
            path => format!("crate::{}", path.replace('/', "::")),
        }
    }

    pub(crate) fn names(&self) -> Vec<Name> {
        let tokens = tokens(&blank(&self.text, true));
        let mut names = Vec::new();
        let mut imported = HashMap::new();
        let mut at = 0;
        while at < tokens.len() {
            let (line, token) = (tokens[at].0, tokens[at].1.as_str());
            if token == "use" {
                at += 1;
                let mut leaves = Vec::new();
                tree(&tokens, &mut at, "", &mut leaves);
                for (alias, path) in leaves {
                    let path = self.absolute(&path);
                    imported.insert(alias, path.clone());
                    names.push(Name { line, path });
                }
            } else if is_word(token) {
                let mut path = token.to_owned();
                while tokens.get(at + 1).is_some_and(|next| next.1 == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_word(&next.1))
                {
                    path = format!("{path}::{}", tokens[at + 2].1);
                    at += 2;
                }
                names.push(Name { line, path: self.absolute(&path) });
            }
            at += 1;
        }
        for name in &mut names {
            let (first, rest) = name.path.split_once("::").unwrap_or((&name.path, ""));
            if let Some(path) = imported.get(first).filter(|path| **path != first) {
                name.path = if rest.is_empty() { path.clone() } else { format!("{path}::{rest}") };
            }
        }
        names
    }

    fn absolute(&self, path: &str) -> String {
        let mut module = self.module();
        let mut rest = path;
        while let Some(below) = rest.strip_prefix("super::") {
            module.truncate(module.rfind("::").unwrap_or(module.len()));
            rest = below;
        }
        match rest.strip_prefix("self::") {
            Some(below) => format!("{module}::{below}"),
            None if rest.len() < path.len() => format!("{module}::{rest}"),
            None => path.to_owned(),
        }
    }
}

/// Whether a path is this module or type, or inside it.
pub(crate) fn is_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Collects the names that one `use` imports: the local name and the full path.
fn tree(
    tokens: &[(usize, String)],
    at: &mut usize,
    prefix: &str,
    leaves: &mut Vec<(String, String)>,
) {
    let mut path = prefix.to_owned();
    let mut alias = None;
    while let Some((_, token)) = tokens.get(*at) {
        match token.as_str() {
            "{" => {
                while tokens.get(*at).is_some_and(|token| token.1 != "}" && token.1 != ";") {
                    *at += 1;
                    tree(tokens, at, &path, leaves);
                }
                *at += 1;
                return;
            }
            "}" | "," | ";" => break,
            "::" => {}
            "as" => {
                *at += 1;
                alias = tokens.get(*at).map(|token| token.1.clone());
            }
            "self" if !path.is_empty() => {}
            word if path.is_empty() => path = word.to_owned(),
            word => path = format!("{path}::{word}"),
        }
        *at += 1;
    }
    if path != prefix || tokens.get(at.wrapping_sub(1)).is_some_and(|token| token.1 == "self") {
        let last = path.rsplit("::").next().unwrap_or_default().to_owned();
        leaves.push((alias.unwrap_or(last), path));
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = match (word, rest.starts_with("::")) {
                (0, true) => 2,
                (0, false) => first.len_utf8(),
                (word, _) => word,
            };
            tokens.push((number + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Replaces comments, and optionally strings, with spaces. Line numbers do not change.
fn blank(text: &str, strings: bool) -> String {
    let text: Vec<char> = text.chars().collect();
    let starts =
        |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| text.get(at + i) == Some(&c));
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let mut keep = true;
        if starts(at, "//") {
            keep = false;
            while at < text.len() && text[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            keep = false;
            let mut depth = 0;
            loop {
                depth += i32::from(starts(at, "/*"));
                depth -= i32::from(starts(at, "*/"));
                at += if starts(at, "/*") || starts(at, "*/") { 2 } else { 1 };
                if depth == 0 || at >= text.len() {
                    break;
                }
            }
        } else if text[at] == '"' {
            keep = !strings;
            let hashes = out.chars().rev().take_while(|c| *c == '#').count();
            let before = out.trim_end_matches('#').chars().next_back();
            let raw = before == Some('r');
            let end = format!("\"{}", "#".repeat(if raw { hashes } else { 0 }));
            at += 1;
            while at < text.len() && !starts(at, &end) {
                at += if text[at] == '\\' && !raw { 2 } else { 1 };
            }
            at += end.len();
        } else if text[at] == '\'' && (starts(at + 1, "\\") || text.get(at + 2) == Some(&'\'')) {
            keep = !strings;
            at += if text[at + 1] == '\\' { 3 } else { 2 };
            while at < text.len() && text[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else {
            at += 1;
        }
        let piece = &text[start..at.min(text.len())];
        out.extend(piece.iter().map(|c| if keep || *c == '\n' { *c } else { ' ' }));
    }
    out
}

#[test]
fn the_scanner_sees_paths_and_no_comments() {
    let text = "// crate::a\nuse crate::{b, c::{self, d as e}, f::*}; /* crate::g */\nlet x = \"crate::h\"; 'i'; r#\"\"j\"#;\nsuper::k(); e::l();";
    let source = Source { path: "src/flows/password/reset.rs".to_owned(), text: text.to_owned() };
    let names: Vec<String> = source.names().into_iter().map(|name| name.path).collect();
    let seen = [
        "crate::b",
        "crate::c",
        "crate::c::d",
        "crate::f::*",
        "let",
        "x",
        "r",
        "crate::flows::password::k",
        "crate::c::d::l",
    ];
    assert_eq!(names, seen);
    assert!(source.code().contains("crate::h") && !source.code().contains("crate::a"));
}
