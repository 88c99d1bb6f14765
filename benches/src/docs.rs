//! Writes the tables into `docs/performance.md`, between the markers of the form of the run.

use std::fs;

use anyhow::Context;

use crate::report::Report;

const DOCUMENT: &str = "docs/performance.md";
pub(crate) const PLOT: &str = "docs/performance.svg";

/// Replaces the text between the markers of this name.
///
/// # Errors
/// When the document has no such markers.
pub(crate) fn write(report: &Report, markers: &str) -> anyhow::Result<()> {
    let document = fs::read_to_string(DOCUMENT).context(DOCUMENT)?;
    let written = between(&document, markers, &report.markdown());
    fs::write(DOCUMENT, written.with_context(|| format!("{DOCUMENT} has no {markers} markers"))?)?;
    println!("bin/bench: wrote {DOCUMENT}");
    Ok(())
}

fn between(document: &str, markers: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {markers}: begin -->\n"), format!("<!-- {markers}: end -->"));
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some([before, &begin, "\n", text, "\n", &end, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let document = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb";
        let new = "a\n<!-- x: begin -->\n\nnew\n<!-- x: end -->\nb";
        assert_eq!(between(document, "x", "new").as_deref(), Some(new));
        assert_eq!(between(document, "y", "new"), None);
    }
}
