//! Reads `.env` in development, from the current folder only.
//!
//! A file in a parent folder belongs to another project. Production reads its settings from the
//! environment of the process, and a forgotten `.env` must not change them.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// The settings in a file; none if the file does not exist.
///
/// # Errors
/// Names the line that is invalid, but does not repeat it: it may contain a secret.
pub(super) fn read(path: &Path) -> Result<HashMap<String, String>, String> {
    let name = path.display();
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        text => text.map_err(|error| format!("{name} cannot be read: {error}"))?,
    };
    let (rest, begun) = (text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text), Cell::new(0));
    dotenvy::from_read_iter(Lines { rest, begun: &begun }).collect::<Result<_, _>>().map_err(
        |error| match error {
            // A value in quotes may contain line breaks.
            dotenvy::Error::LineParse(text, _) => {
                let line = (begun.get() + 1).saturating_sub(text.lines().count());
                format!(
                    "{name}, line {line}: must be NAME=value, with a value that holds spaces in \
                     quotes"
                )
            }
            _ => format!("{name}, line {}: is not UTF-8", begun.get()),
        },
    )
}

/// Returns one line per read and counts them, because dotenvy reports no line numbers.
struct Lines<'a> {
    rest: &'a [u8],
    begun: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let (part, ends) = match line.split_at_checked(buffer.len()) {
            Some((part, rest)) => (part, rest.is_empty()),
            None => (line, !line.is_empty()),
        };
        buffer[..part.len()].copy_from_slice(part);
        self.rest = &self.rest[part.len()..];
        self.begun.update(|begun| begun + usize::from(ends));
        Ok(part.len())
    }
}
