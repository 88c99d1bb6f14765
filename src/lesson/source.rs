//! The source of the app, embedded in the binary, and the items of it that the lesson shows.
//!
//! The lesson names an item by its file and symbol and never by a line number, so an edit above the
//! item changes nothing. A test fails if a file or a symbol that the lesson names is gone. A debug
//! build reads the files from disk.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "src/"]
struct Code;

#[derive(RustEmbed)]
#[folder = "migrations/"]
struct Migrations;

/// How many lines of an item a page shows.
const SHOWN: usize = 60;
/// The words before the name of an item.
const KEYWORDS: [&str; 7] = ["fn", "struct", "enum", "const", "static", "type", "trait"];

/// An item of the source, such as `src/web/csrf.rs::reject_cross_site`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub file: &'static str,
    /// A name, `Type::method`, or a column of a migration.
    pub symbol: &'static str,
}

pub const fn at(file: &'static str, symbol: &'static str) -> Place {
    Place { file, symbol }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file, self.symbol)
    }
}

/// The text of an item.
pub struct Excerpt {
    pub place: Place,
    /// Where the item is now: `12–40`.
    pub lines: Range<usize>,
    text: Vec<String>,
}

impl Place {
    /// The item with its comments. `None` if the file or the symbol does not exist.
    pub fn excerpt(self) -> Option<Excerpt> {
        let text = file(self.file)?;
        let lines: Vec<&str> = text.lines().collect();
        let found = match self.symbol.split_once("::") {
            Some((of, name)) => method(&lines, of, name),
            None if self.file.ends_with(".sql") => column(&lines, self.symbol),
            None => item(&lines, self.symbol, 0..lines.len()),
        }?;
        let text = lines[found.clone()].iter().map(|line| (*line).to_owned()).collect();
        Some(Excerpt { place: self, lines: found.start + 1..found.end, text })
    }

    /// The text of the first statement in this item, exactly as PostgreSQL gets it.
    pub fn statement(self) -> Option<String> {
        let text = self.excerpt()?.text.join("\n");
        let query = &text[text.find("sqlx::query")?..];
        let quote = query.find('"')?;
        let (open, close) =
            if query[..quote].ends_with("r#") { (quote + 1, "\"#") } else { (quote + 1, "\"") };
        let length = query[open..].find(close)?;
        Some(query[open..open + length].to_owned())
    }
}

impl Excerpt {
    /// The first lines, each with its number.
    pub fn numbered(&self) -> String {
        let shown = self.text.iter().take(SHOWN).enumerate();
        let mut text: String = shown
            .map(|(index, line)| format!("{:>4}  {line}\n", self.lines.start + index))
            .collect();
        if self.text.len() > SHOWN {
            text.push_str("      …\n");
        }
        text
    }
}

/// A statement without the indentation of the Rust code around it.
pub fn dedent(statement: &str) -> String {
    let rest = statement.lines().skip(1).filter(|line| !line.trim().is_empty());
    let margin = rest.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let cut = |line: &str| line.get(margin..).unwrap_or_default().trim_end().to_owned();
    let mut lines = statement.lines();
    let first = lines.next().unwrap_or_default().trim().to_owned();
    [first].into_iter().chain(lines.map(cut)).collect::<Vec<_>>().join("\n")
}

/// The function or constant whose code holds this text, as `file::symbol`.
pub fn holding(text: &str) -> Option<String> {
    Code::iter().find_map(|name| {
        let path = format!("src/{name}");
        let content = file(&path)?;
        let lines: Vec<&str> = content.lines().collect();
        let found = (0..lines.len()).find(|start| literal(&lines[*start..], text))?;
        let symbol = lines[..=found].iter().rev().find_map(|line| defined(line))?;
        let of =
            lines[..=found].iter().rev().find(|line| !line.is_empty() && indentation(line) == 0)?;
        let of = of.strip_prefix("impl").map(|of| of.split(" for ").last().unwrap_or(of).trim());
        let of = of.map(|of| format!("{}::", words(of).next().unwrap_or_default()));
        Some(format!("{path}::{}{symbol}", of.unwrap_or_default()))
    })
}

/// Whether a string literal with this text begins in the first line. It may continue after a `\`.
fn literal(lines: &[&str], text: &str) -> bool {
    let Some((_, first)) = lines[0].split_once('"') else { return false };
    let mut joined = first.to_owned();
    for line in &lines[1..] {
        let Some(cut) = joined.strip_suffix('\\').map(str::len) else { break };
        joined.truncate(cut);
        joined.push_str(line.trim_start());
    }
    joined.strip_prefix(text).is_some_and(|rest| rest.starts_with('"'))
}

/// The name of the function or constant that begins in this line, at the margin or in an `impl`.
fn defined(line: &str) -> Option<&str> {
    let pairs: Vec<&str> = words(line).collect();
    let begins = indentation(line) <= 4 && !line.trim_start().starts_with("//");
    let at = pairs.windows(2).find(|pair| begins && matches!(pair[0], "fn" | "const"))?;
    // `const fn name`
    if at[1] == "fn" {
        pairs.iter().skip_while(|word| **word != "fn").nth(1).copied()
    } else {
        Some(at[1])
    }
}

fn file(path: &str) -> Option<String> {
    let embedded = match path.split_once('/')? {
        ("src", name) => Code::get(name),
        ("migrations", name) => Migrations::get(name),
        _ => None,
    };
    String::from_utf8(embedded?.data.into_owned()).ok()
}

fn method(lines: &[&str], of: &str, name: &str) -> Option<Range<usize>> {
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with("impl"));
    starts.filter(|(_, line)| words(line).any(|word| word == of)).find_map(|(start, _)| {
        let length = lines[start..].iter().position(|line| *line == "}")?;
        item(lines, name, start..start + length)
    })
}

/// The item of this name within these lines: from its comments to the end of its body.
fn item(lines: &[&str], name: &str, within: Range<usize>) -> Option<Range<usize>> {
    let defines = |line: &str| {
        let pairs: Vec<&str> = words(line).collect();
        let is_comment = line.trim_start().starts_with("//");
        !is_comment && pairs.windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
    };
    let definition = within.clone().find(|index| defines(lines[*index]))?;
    let before = lines[within.start..definition].iter().rev();
    let comments = before.take_while(|line| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[")
    });
    let start = definition - comments.count();
    let indent = indentation(lines[definition]);
    let is_value = ["const", "static", "type"]
        .iter()
        .any(|keyword| words(lines[definition]).take(2).any(|word| word == *keyword))
        && !words(lines[definition]).any(|word| word == "fn");
    let ends = |line: &str, first: bool| {
        let closes = indentation(line) == indent && line.trim_start().starts_with('}');
        let one_line = first && line.contains('{') && line.ends_with('}');
        closes || one_line || line.ends_with(';') && (is_value || first)
    };
    let length = (definition..lines.len()).position(|at| ends(lines[at], at == definition))?;
    Some(start..definition + length + 1)
}

/// A column of a migration, or its table: the line, with the comment above it.
fn column(lines: &[&str], name: &str) -> Option<Range<usize>> {
    let definition = lines.iter().position(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("create table ").unwrap_or(line);
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
    })?;
    let before = lines[..definition].iter().rev();
    let comments = before.take_while(|line| line.trim_start().starts_with("--")).count();
    Some(definition - comments..definition + 1)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// One.\n#[derive(Debug)]\npub struct One {\n    a: u8,\n}\n\nconst TWO: [u8; 2] =\n    [1, 2];\n\nimpl One {\n    /// `fn three` is not this line.\n    pub fn three(&self) -> u8 {\n        self.a\n    }\n}\n\nfn three() { }\n";

    fn lines_of(symbol: &str) -> Option<Range<usize>> {
        let lines: Vec<&str> = TEXT.lines().collect();
        match symbol.split_once("::") {
            Some((of, name)) => method(&lines, of, name),
            None => item(&lines, symbol, 0..lines.len()),
        }
    }

    #[test]
    fn an_item_is_found_with_its_comments_and_its_end() {
        assert_eq!(lines_of("One"), Some(0..5));
        assert_eq!(lines_of("TWO"), Some(6..8));
        assert_eq!(lines_of("One::three"), Some(10..14));
        assert_eq!(lines_of("Two::three"), None);
        assert_eq!(lines_of("four"), None);
    }

    #[test]
    fn a_statement_loses_the_indentation_of_its_function() {
        assert_eq!(
            dedent("select a\n           from b\n             where c"),
            "select a\nfrom b\n  where c"
        );
    }
}
