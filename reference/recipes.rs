//! `bin/recipe`, in unusual places. `reference/try-recipes` tries the recipes themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::source::root;

const RECIPE: &str = "# Add a table

Needs: example
Word: book books

```diff
diff --git a/docs/data.md b/docs/data.md
--- a/docs/data.md
+++ b/docs/data.md
@@ -1 +1,2 @@
 The tables of Vestibule
+migrations/1000_books.sql: a BookForm, a_book
diff --git a/migrations/1000_books.sql b/migrations/1000_books.sql
new file mode 100644
--- /dev/null
+++ b/migrations/1000_books.sql
@@ -0,0 +1 @@
+create table books ();
```
";

/// A repository with a copy of bin/recipe, a recipe, and the project `apps/a b`.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        let place = Place(std::env::temp_dir().join(format!("recipe-{}", uuid::Uuid::new_v4())));
        let script = fs::read_to_string(root("bin/recipe")).expect("the script");
        for (path, text) in [
            ("template/bin/recipe", &*script),
            ("template/docs/recipes/table.md", RECIPE),
            ("apps/a b/Cargo.toml", "[package]\nname = \"ledgerly\"\n"),
            ("apps/a b/src/lib.rs", ""),
            ("apps/a b/.upstream.toml", "name = \"ledgerly\"\ntitle = \"Ledgerly\"\n"),
            ("apps/a b/docs/data.md", "The tables of Ledgerly\n"),
            ("apps/a b/migrations/0014_projects.sql", ""),
            ("apps/a b/src/projects.rs", ""),
        ] {
            place.write(path, text);
        }
        let git = Command::new("git").args(["init", "--quiet"]).arg(&place.0).status();
        assert!(git.expect("git").success());
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Makes the change in `folder`, as it is named from `current`.
    fn make(&self, current: &str, folder: &str) -> Output {
        self.make_with(current, &[folder])
    }

    fn make_with(&self, current: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("bash");
        command.arg(self.path("template/bin/recipe")).arg("table").args(arguments);
        command.current_dir(self.path(current)).output().expect("bash")
    }

    fn has(&self, migration: &str) -> bool {
        self.path("apps/a b/migrations").join(migration).exists()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn must_refuse(made: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(!made.status.success() && said.contains(reason), "{made:?}");
}

#[test]
fn a_recipe_fits_a_project_in_a_folder_of_a_larger_repository() {
    for git in [true, false] {
        for (current, folder) in [("apps/a b", "."), ("apps", "a b"), (".", "apps/a b/")] {
            let place = Place::new();
            if !git {
                fs::remove_dir_all(place.path(".git")).expect("to remove it");
            }
            let made = place.make(current, folder);
            assert!(made.status.success(), "{made:?}");
            assert!(place.has("1000_books.sql"), "{made:?}");
            let text = fs::read_to_string(place.path("apps/a b/docs/data.md")).expect("the text");
            assert_eq!(
                text,
                "The tables of Ledgerly\nmigrations/1000_books.sql: a BookForm, a_book\n"
            );
        }
    }
}

#[test]
fn a_recipe_is_refused_outside_of_the_root_of_a_project() {
    let place = Place::new();
    for (current, folder) in [("apps/a b/src", "."), (".", "."), (".", "nowhere")] {
        must_refuse(&place.make(current, folder), "is not the root of a project");
    }
    assert!(!place.has("1000_books.sql"));
}

#[test]
fn a_migration_gets_the_next_number_of_the_project() {
    let place = Place::new();
    for (taken, next) in [("1000_own.sql", "1001_books.sql"), ("1042_own.sql", "1043_books.sql")] {
        place.write(&format!("apps/a b/migrations/{taken}"), "");
        place.write("apps/a b/docs/data.md", "The tables of Ledgerly\n");
        let made = place.make("apps/a b", ".");
        assert!(made.status.success() && place.has(next), "{made:?}");
        let text = fs::read_to_string(place.path("apps/a b/docs/data.md")).expect("the text");
        assert!(text.contains(&format!("migrations/{next}")), "{text}");
    }
    assert!(!place.has("1000_books.sql"));
}

#[test]
fn a_change_that_does_not_fit_changes_nothing_and_says_why() {
    let place = Place::new();
    place.write("apps/a b/docs/data.md", "Other lines\n");
    must_refuse(&place.make("apps/a b", "."), "nothing was changed");
    fs::remove_file(place.path("apps/a b/src/projects.rs")).expect("to remove it");
    must_refuse(&place.make("apps/a b", "."), "table needs the example (/app/projects)");
    assert!(!Path::new(&place.path("apps/a b/migrations/1000_books.sql")).exists());
}

#[test]
fn a_table_gets_the_word_of_the_project() {
    for (word, line) in [
        ("company,companies", "migrations/1000_companies.sql: a CompanyForm, a_company\n"),
        ("invoice", "migrations/1000_invoices.sql: an InvoiceForm, an_invoice\n"),
        ("notebook", "migrations/1000_notebooks.sql: a NotebookForm, a_notebook\n"),
        ("hour", "migrations/1000_hours.sql: an HourForm, an_hour\n"),
        ("unit", "migrations/1000_units.sql: a UnitForm, a_unit\n"),
    ] {
        let place = Place::new();
        let made = place.make_with("apps/a b", &[".", "--as", word]);
        assert!(made.status.success(), "{made:?}");
        let text = fs::read_to_string(place.path("apps/a b/docs/data.md")).expect("the text");
        assert_eq!(text, format!("The tables of Ledgerly\n{line}"));
    }
}

#[test]
fn a_word_that_cannot_be_the_name_of_a_table_is_refused() {
    let place = Place::new();
    place.write("apps/a b/migrations/0003_users.sql", "create table users (\n);");
    place.write("apps/a b/src/keys.rs", "");
    for (word, reason) in [
        ("user", "has a table users already"),
        ("bus,users", "has a table users already"),
        ("Invoice", "--as takes a word of small letters"),
        ("time_entry", "--as takes a word of small letters"),
        ("a;b", "--as takes a word of small letters"),
        ("", "--as takes a word of small letters"),
        (",", "--as takes a word of small letters"),
        ("one,", "--as takes a word of small letters"),
        ("company", "say the plural too"),
        ("box", "say the plural too"),
        ("template", "is a name that the change, Rust or SQL uses"),
        ("reference", "is a name that the change, Rust or SQL uses"),
        ("match,matches", "is a name that the change, Rust or SQL uses"),
        ("result", "is a name that the change, Rust or SQL uses"),
        ("key", "has src/keys.rs already"),
    ] {
        must_refuse(&place.make_with("apps/a b", &[".", "--as", word]), reason);
    }
    let made = place.make_with("apps/a b", &[".", "--as"]);
    assert_eq!(made.status.code(), Some(2), "{made:?}");
    place.write("template/docs/recipes/table.md", &RECIPE.replace("Word: book books\n", ""));
    must_refuse(&place.make_with("apps/a b", &[".", "--as", "invoice"]), "has no word");
    assert!(!place.has("1000_books.sql") && !place.has("1000_users.sql"));
}
