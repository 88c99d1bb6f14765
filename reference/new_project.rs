//! Checks `docs/new-project.md` against `reference/features.toml`.

use std::collections::BTreeSet;

use crate::source::read;

/// Files that `bin/new` writes anew. The list of deleted files has none of them.
const WRITTEN: [&str; 2] = ["README.md", "CHANGELOG.md"];

#[test]
fn the_page_lists_the_files_that_no_project_has() {
    let features = read("reference/features.toml").text;
    let (_, feature) = features.split_once("\n[feature.reference]\n").expect("the feature");
    let (_, list) = feature.split_once("delete = [\n").expect("its list");
    let (list, _) = list.split_once("\n]").expect("the end of the list");
    let deleted = list.lines().filter_map(|line| line.split('"').nth(1));
    let expected: BTreeSet<&str> = deleted.chain(WRITTEN).collect();

    let page = read("docs/new-project.md").text;
    let (_, section) = page.split_once("\n## Files that are not copied\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let listed: BTreeSet<&str> =
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert_eq!(listed, expected, "docs/new-project.md, then reference/features.toml");
}
