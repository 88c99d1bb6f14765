//! Rules of the source code that protect the users of the app. Keep this file in your project: the
//! rules are easy to break by accident and hard to check in a review. They need no database.

#[path = "support/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Source, files, is_in, none_of, read};

/// The places where the code names a path that is `forbidden`.
fn naming(files: Vec<Source>, forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for file in files {
        let names = file.names().into_iter().filter(|name| forbidden(&name.path));
        places.extend(names.map(|name| format!("{}:{} {}", file.path, name.line, name.path)));
    }
    places
}

fn sources_except(allowed: &[&str]) -> Vec<Source> {
    let mut sources = files("src", "rs");
    sources.retain(|file| !allowed.iter().any(|start| file.path.starts_with(start)));
    sources
}

/// The modules of `src/`, from top to bottom. A module imports only modules below it.
const MODULES: &[&str] = &[
    "main",
    "cli",
    "server",
    "metrics",
    "routes",
    "passkeys",
    "totp",
    "flows",
    "lesson",
    "dev",
    "background",
    "deletion",
    "mail",
    "web",
    "state",
    "projects",
    "throttle",
    "accounts",
    "database",
    "telemetry",
    "config",
    "tls",
    "keys",
    "origin",
    "email",
    "supervise",
];

/// The index in `MODULES` of the module of a path: of `web` for `crate::web::error::Error`.
fn module_index(path: &str) -> Option<usize> {
    let name = path.strip_prefix("crate::")?.split("::").next()?;
    MODULES.iter().position(|module| *module == name)
}

fn module_index_of(file: &Source) -> usize {
    let place = if file.path == "src/main.rs" { "crate::main".to_owned() } else { file.module() };
    module_index(&place).unwrap_or_else(|| panic!("{} belongs to no module of MODULES", file.path))
}

#[test]
fn no_module_imports_one_above_it() {
    let mut places = Vec::new();
    for file in sources_except(&["src/lib.rs"]) {
        let own = module_index_of(&file);
        for name in file.names() {
            if let Some(target) = module_index(&name.path).filter(|target| *target < own) {
                places.push(format!("{}:{} {}", file.path, name.line, MODULES[target]));
            }
        }
    }
    none_of(
        "MODULES in tests/house_rules.rs lists the modules from top to bottom. Move what both need to the lower one:",
        places,
    );
}

/// A file and the folder of the same name are one unit: `web::csrf` for `src/web/csrf/token.rs`.
fn unit(module: &str) -> Option<String> {
    let mut parts = module.strip_prefix("crate::")?.splitn(3, "::");
    Some(format!("{}::{}", parts.next()?, parts.next()?))
}

/// A feature is deleted with its folder, so nothing else may need it. The features are the modules
/// between `routes` and `flows`.
#[test]
fn no_feature_imports_another() {
    let at = |name: &str| MODULES.iter().position(|module| *module == name).expect(name);
    let features = &MODULES[at("routes") + 1..at("flows")];
    let mut places = Vec::new();
    for feature in features {
        let mut sources = files("src", "rs");
        sources.retain(|file| {
            let path = file.path.trim_start_matches("src/");
            path.starts_with(&format!("{feature}/")) || path == format!("{feature}.rs")
        });
        let others = features.iter().filter(|other| *other != feature);
        let others: Vec<String> = others.map(|other| format!("crate::{other}")).collect();
        places.extend(naming(sources, |path| others.iter().any(|other| is_in(path, other))));
    }
    none_of("A feature that imports another cannot be deleted alone:", places);
}

#[test]
fn no_files_of_a_module_import_each_other_in_a_circle() {
    let sources = files("src", "rs");
    let units: BTreeSet<String> = sources.iter().filter_map(|file| unit(&file.module())).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &sources {
        let Some(own) = unit(&file.module()) else { continue };
        let targets = file.names().into_iter().filter_map(|name| unit(&name.path));
        let targets = targets.filter(|target| *target != own && units.contains(target));
        imports.entry(own.clone()).or_default().extend(targets);
    }
    // Remove every unit that imports none of the others that are left. Only circles remain.
    let nothing = BTreeSet::new();
    let mut left = units.clone();
    while let Some(free) =
        left.iter().find(|unit| imports.get(*unit).unwrap_or(&nothing).is_disjoint(&left)).cloned()
    {
        left.remove(&free);
    }
    none_of(
        "These files import each other in a circle, or import one that does. Move what two of them need to a third:",
        left.iter()
            .map(|unit| format!("{unit} imports {:?}", imports[unit].intersection(&left)))
            .collect(),
    );
}

#[test]
fn accounts_and_throttle_know_nothing_of_http() {
    let http = |path: &str| path.starts_with("actix_") || is_in(path, "askama");
    let sources = files("src/accounts", "rs").into_iter().chain(files("src/throttle", "rs"));
    none_of(
        "src/accounts/ and src/throttle/ know neither HTTP nor templates. Move this to src/web/ or src/flows/:",
        naming(sources.collect(), http),
    );
}

#[test]
fn flows_do_not_call_flows() {
    let flows = files("src/flows", "rs");
    let modules: Vec<String> = flows.iter().map(Source::module).collect();
    let mut places = Vec::new();
    for flow in &flows {
        let own = flow.module();
        for name in flow.names() {
            let target = modules
                .iter()
                .filter(|module| is_in(&name.path, module))
                .max_by_key(|module| module.len());
            // A file may use itself, the files in its folder, and the files of the folders above.
            let near = |target: &str| is_in(target, &own) || is_in(&own, target);
            if target.is_some_and(|target| target != "crate::flows::start_session" && !near(target))
            {
                places.push(format!("{}:{} {}", flow.path, name.line, name.path));
            }
        }
    }
    none_of(
        "A flow is read top to bottom and deleted whole; only start_session is shared. Move what two flows need to src/accounts/ or src/web/:",
        places,
    );
}

#[test]
fn only_start_session_begins_a_login() {
    let mut places = naming(sources_except(&["src/flows/start_session.rs"]), |path| {
        path.ends_with("Identity::login")
    });
    let definition = "src/web/request_context.rs";
    for file in sources_except(&["src/flows/start_session.rs", definition]) {
        for (number, line) in lines_of(&file) {
            if line.contains("begin_login") {
                places.push(format!("{}:{number} begin_login", file.path));
            }
        }
    }
    none_of(
        "Every login ends in start_session, which gives a new session ID and drops what was set before. Call that instead:",
        places,
    );
}

#[test]
fn only_smtp_knows_how_mail_is_sent() {
    none_of(
        "A mail is a row in the outbox, written in the transaction of the change. lettre belongs to src/mail/smtp.rs:",
        naming(sources_except(&["src/mail/smtp.rs", "src/mail/smtp/"]), |path| {
            is_in(path, "lettre")
        }),
    );
}

#[test]
fn only_headers_decides_the_content_security_policy() {
    let mut places = Vec::new();
    // The pages of the practices describe it.
    let allowed = ["src/web/headers.rs", "src/dev/mailbox.rs", "src/lesson/practices/"];
    for file in sources_except(&allowed) {
        let dense = file.code().to_lowercase().replace('_', "-");
        if dense.contains("content-security-policy") {
            places.push(file.path);
        }
    }
    none_of(
        "The Content-Security-Policy of pages is one const of src/web/headers.rs. Only the HTML part of an email in development has its own:",
        places,
    );
}

#[test]
fn only_the_config_reads_the_environment() {
    let environment = |path: &str| is_in(path, "std::env") || is_in(path, "dotenvy");
    none_of(
        "Settings are read once, checked together and listed in .env.example. Add yours to src/config.rs:",
        naming(sources_except(&["src/config.rs", "src/config/"]), environment),
    );
}

#[test]
fn every_statement_has_a_time_limit() {
    // `PgExecutor` is allowed: it is a trait, which our own types implement.
    let unlimited = ["PgPool", "PgConnection", "PoolConnection", "PgListener", "sqlx::Transaction"];
    none_of(
        "sqlx waits for ever for a PostgreSQL that is silent. Use crate::database::{Database, Connection, Transaction}:",
        naming(sources_except(&["src/database"]), |path| {
            is_in(path, "sqlx") && unlimited.iter().any(|name| path.ends_with(name))
        }),
    );
}

#[test]
fn no_process_is_spawned() {
    none_of(
        "If a web app starts programs, one quoting mistake lets an attacker run theirs. Use a library:",
        naming(sources_except(&[]), |path| {
            is_in(path, "std::process::Command") || is_in(path, "tokio::process")
        }),
    );
}

#[test]
fn the_session_store_is_not_instrumented() {
    none_of(
        "SessionKey prints itself, so #[instrument] would write session IDs to the log. Log by hand what is safe:",
        naming(vec![read("src/web/session_store.rs")], |path| {
            path == "instrument" || path.ends_with("::instrument")
        }),
    );
}

#[test]
fn templates_escape_everything() {
    let mut places = Vec::new();
    for file in files("templates", "html").into_iter().chain(files("src", "rs")) {
        for (number, line) in lines_of(&file) {
            let dense: String = line.split_whitespace().collect();
            let raw = file.path.starts_with("templates/") && dense.contains("|safe");
            if raw || dense.contains("escape=\"none\"") || dense.contains("escape(\"none\")") {
                places.push(format!("{}:{number} {}", file.path, line.trim()));
            }
        }
    }
    none_of(
        "Unescaped text can run as a script in another user's browser. Leave the escaping to askama:",
        places,
    );
}

#[test]
fn templates_hold_no_inline_script_or_style() {
    let mut places = Vec::new();
    for file in files("templates", "html") {
        // Email clients know no stylesheets. No page shows this template.
        let is_mail = file.path == "templates/mail/layout.html";
        for tag in tags(&file) {
            let has = |wanted: &str| tag.attributes.iter().any(|(name, _)| name == wanted);
            let handler = tag.attributes.iter().any(|(name, value)| {
                name.starts_with("on")
                    || value.to_lowercase().trim_start().starts_with("javascript:")
            });
            let style = !is_mail && (has("style") || tag.name == "style");
            if handler || style || tag.name == "script" && !has("src") {
                places.push(format!("{}:{} <{}>", file.path, tag.line, tag.name));
            }
        }
    }
    none_of(
        "The Content-Security-Policy lets nothing inline run; this would silently do nothing. Put it in static/:",
        places,
    );
}

#[test]
fn every_form_is_opened_by_the_macro_with_the_csrf_field() {
    let is_form = |file: &Source| {
        tags(file)
            .into_iter()
            .filter(|tag| tag.name == "form")
            .map(|tag| tag.line)
            .collect::<Vec<_>>()
    };
    let form = read("templates/form.html");
    assert!(
        !is_form(&form).is_empty()
            && tags(&form)
                .iter()
                .any(|tag| tag.attributes.contains(&("name".into(), "csrf".into()))),
        "templates/form.html opens the forms and gives each its hidden field csrf"
    );
    let mut places = Vec::new();
    for file in files("templates", "html").iter().filter(|file| file.path != form.path) {
        places.extend(is_form(file).into_iter().map(|line| format!("{}:{line}", file.path)));
    }
    none_of(
        "A form without a CSRF token is rejected. Open it with the macro of templates/form.html:",
        places,
    );
}

/// `Page::reject` gives every form "Error: " in its title, a message at each field, and the focus
/// on the first one. `check_errors` in `tests/support/page.rs` checks the pages that come out.
#[test]
fn every_rejected_form_is_shown_by_the_same_lines() {
    let mut places = Vec::new();
    for file in files("templates", "html") {
        if matches!(file.path.as_str(), "templates/form.html" | "templates/layout.html") {
            continue;
        }
        for tag in tags(&file) {
            let is = |name: &str, value: &str| {
                tag.attributes.iter().any(|(n, v)| n == name && (value.is_empty() || v == value))
            };
            let input = tag.name == "input" && !is("type", "hidden") && !is("hidden", "");
            let visible = input || matches!(tag.name.as_str(), "select" | "textarea");
            if visible || is("aria-invalid", "") || is("class", "problem") || is("autofocus", "") {
                places.push(format!("{}:{} <{}>", file.path, tag.line, tag.name));
            }
        }
    }
    let mut handlers = files("src", "rs");
    handlers.retain(|file| file.path.starts_with("src/flows/") || draws_a_page(file));
    places.extend(naming(handlers, |path| is_in(path, "actix_web::http")));
    none_of(
        "A handler calls page.reject(field, message) or page.reject_form(message) and answers with page::invalid, out_of_date or too_many; a template draws its fields with form::field:",
        places,
    );
}

/// Whether a feature beside `src/flows/` draws a page in this file.
fn draws_a_page(file: &Source) -> bool {
    let others = ["src/web/", "src/mail/", "src/dev/", "src/lesson/"];
    file.text.contains("#[template(path") && !others.iter().any(|own| file.path.starts_with(own))
}

/// The functions that lock the row of a user, change it or create it.
const USER_LOCKS: [&str; 11] = [
    "user::create(",
    "registration::confirm(",
    "hold_unchanged(",
    "session::hold(",
    "session::hold_owner(",
    "session::start(",
    "operated::",
    "proof::",
    "credentials::change_email(",
    "token::take(",
    "device::remember(",
];

/// A row that names a user, such as an audit event, locks the user's row against a change of email.
/// If its transaction then asks for the lock that a change of email holds, each waits for the
/// other, and PostgreSQL aborts one. This reads one function at a time, and only transactions that
/// begin in it and are called `tx`.
#[test]
fn a_transaction_locks_the_user_before_it_writes() {
    let mut places = Vec::new();
    for file in files("src", "rs") {
        // Whether a transaction has begun that holds no user yet, and whether it has been used.
        let (mut open, mut used) = (false, false);
        for (line, code) in file.code().lines().enumerate() {
            if code.contains("fn ") || code.contains(".begin(") {
                // `LoggedIn::begin`, which has an argument, takes the lock.
                (open, used) = (code.contains(".begin()"), false);
            } else if USER_LOCKS.iter().any(|lock| code.contains(lock)) {
                if open && used {
                    places.push(format!("{}:{}", file.path, line + 1));
                }
                open = false;
                // It locks nobody if the credentials have changed, so the result must be read.
                let statement = code.trim();
                if statement.starts_with("user::hold_unchanged(") && statement.ends_with(';') {
                    places.push(format!("{}:{}: the result is not read", file.path, line + 1));
                }
            } else if code.contains("&mut tx") || code.contains("&mut *tx") {
                used = true;
            }
        }
    }
    none_of("Lock the row of the user first (\"Lock order\" in src/accounts.rs):", places);
}

#[test]
fn no_statement_is_put_together_from_strings() {
    let mut places = naming(sources_except(&[]), |path| {
        path.ends_with("AssertSqlSafe") || path.ends_with("QueryBuilder")
    });
    for file in sources_except(&[]) {
        let code = file.code();
        for (at, _) in code.match_indices("format!(") {
            // Is there a query between the start of the Rust statement and this `format!`?
            let statement = code[..at].rfind([';', '{', '}']).map_or(0, |start| start + 1);
            let before = &code[statement..at];
            if ["query(", "query!(", "query_as", "query_scalar", "raw_sql("]
                .iter()
                .any(|query| before.contains(query))
            {
                let line = code[..at].lines().count();
                places.push(format!("{}:{line} format! in a query", file.path));
            }
        }
    }
    none_of(
        "SQL put together from strings allows SQL injection. Use sqlx::query! and parameters ($1):",
        places,
    );
}

/// sqlx stores only the number of a migration that has run. Of two with one number, it rejects one.
#[test]
fn every_migration_has_a_number_of_its_own() {
    let mut numbers: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for file in files("migrations", "sql") {
        let name = file.path.trim_start_matches("migrations/");
        let number = name.split('_').next().and_then(|number| number.parse().ok());
        numbers.entry(number.expect("a name such as 1000_books.sql")).or_default().push(file.path);
    }
    let places = numbers.into_values().filter(|paths| paths.len() > 1);
    none_of(
        "Give the newer one the next number that is free:",
        places.map(|paths| paths.join(", ")).collect(),
    );
}

fn lines_of(file: &Source) -> Vec<(usize, String)> {
    let text = if file.path.ends_with(".rs") { file.code() } else { markup(&file.text, false) };
    text.lines().map(str::to_owned).enumerate().map(|(index, line)| (index + 1, line)).collect()
}

struct Tag {
    line: usize,
    name: String,
    attributes: Vec<(String, String)>,
}

/// The opening tags of a template.
fn tags(file: &Source) -> Vec<Tag> {
    let text = markup(&file.text, true);
    let mut tags = Vec::new();
    for (at, _) in text.match_indices('<') {
        let Some(end) = text[at..].find(|c: char| c.is_whitespace() || c == '>') else { continue };
        let name = text[at + 1..at + end].to_lowercase();
        if !name.starts_with(|c: char| c.is_alphabetic()) {
            continue;
        }
        let mut tag = Tag { line: text[..at].lines().count(), name, attributes: Vec::new() };
        let mut rest = text[at + end..].trim_start();
        while !rest.is_empty() && !rest.starts_with('>') {
            let length = rest
                .find(|c: char| c.is_whitespace() || c == '=' || c == '>')
                .unwrap_or(rest.len());
            let name = rest[..length].to_lowercase();
            rest = rest[length..].trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                let after = after.trim_start();
                let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
                let inner = &after[quote.map_or(0, char::len_utf8)..];
                let end = inner.find(|c: char| {
                    quote.map_or(c.is_whitespace() || c == '>', |quote| c == quote)
                });
                let end = end.unwrap_or(inner.len());
                value = &inner[..end];
                rest = inner[end..].strip_prefix(['"', '\'']).unwrap_or(&inner[end..]).trim_start();
            }
            tag.attributes.push((name, value.to_owned()));
            // Skip a slash before the bracket, or a stray quote.
            rest = if length == 0 && value.is_empty() { rest.get(1..).unwrap_or("") } else { rest };
        }
        tags.push(tag);
    }
    tags
}

/// A template with its comments blanked and, if `only_html`, with askama's expressions blanked too.
fn markup(text: &str, only_html: bool) -> String {
    let mut out = text.to_owned();
    let mut pairs = vec![("{#", "#}"), ("<!--", "-->")];
    if only_html {
        pairs.extend([("{{", "}}"), ("{%", "%}")]);
    }
    for (open, close) in pairs {
        while let Some(start) = out.find(open) {
            let end =
                out[start..].find(close).map_or(out.len(), |length| start + length + close.len());
            let blank: String =
                out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            out.replace_range(start..end, &blank);
        }
    }
    out
}
