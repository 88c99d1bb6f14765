//! Mistakes in settings: all are reported at once, each names its setting, none repeats a secret.

use app::keys::Keys;

use super::{config, mistake, mistakes};

const WRONG: &[(&str, &[&str])] = &[
    ("ENVIRONMENT", &["staging", "Production"]),
    ("APP_NAME", &["two\nlines", "a name that goes on and on and on, for more than sixty letters"]),
    ("LISTEN", &["8080", "localhost:8080", "127.0.0.1"]),
    (
        "BASE_URL",
        &["example.com", "https://example.com/path", "ftp://example.com", "https://a@b.c"],
    ),
    ("DATABASE_URL", &["mysql://localhost/app", "localhost", "postgres://app@host:port/app"]),
    ("WORKERS", &["0", "auto"]),
    ("DATABASE_MAX_CONNECTIONS", &["0", "1", "-1", "many", "16.5", "99999999999999999999"]),
    ("SESSION_IDLE_TIMEOUT", &["60", "0s", "1 fortnight", "-1h", "2y"]),
    ("SESSION_ABSOLUTE_TIMEOUT", &["0s", "soon"]),
    ("REMEMBER_IDLE_TIMEOUT", &["0s", "soon"]),
    ("REMEMBER_ABSOLUTE_TIMEOUT", &["0s", "soon"]),
    ("SUDO_WINDOW", &["0s", "soon"]),
    ("SESSIONS_PER_USER", &["0", "all"]),
    ("REGISTRATION", &["closed", "Invited", "false"]),
    ("PASSWORD_MIN_LENGTH", &["7", "long"]),
    ("ARGON2_MEMORY", &["1024", "64MiB"]),
    ("ARGON2_ITERATIONS", &["0"]),
    ("ARGON2_LANES", &["0"]),
    ("ARGON2_CONCURRENCY", &["0"]),
    ("AUDIT_RETENTION", &["6d", "1s", "2y", "ever"]),
    ("TRUSTED_PROXIES", &["everybody", "10.0.0.0/33", "10.0.0.1;10.0.0.2"]),
    ("SMTP_URL", &["mail.example.com", "https://mail.example.com"]),
    ("MAIL_FROM", &["nobody", "Ada <ada@localhost>"]),
    ("LOG_FORMAT", &["xml"]),
    ("LESSON", &["true"]),
    ("RUST_LOG", &["info,sqlx=loud"]),
    ("ALLOW_UNSAFE", &["everything", "database-tls,everything"]),
];

#[test]
fn a_mistake_names_its_setting() {
    for (name, values) in WRONG {
        for value in *values {
            let found = mistake(&[("ENVIRONMENT", "development"), (name, value)]);
            assert!(found.starts_with(&format!("{name} ")), "{name}={value}: {found}");
        }
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let settings: Vec<(&str, &str)> =
        WRONG.iter().map(|(name, values)| (*name, values[0])).collect();
    let found = mistakes(&settings);
    assert_eq!(found.len(), WRONG.len(), "{found:#?}");
    let text = config(&settings).err().map(|mistakes| mistakes.to_string()).unwrap_or_default();
    assert!(text.starts_with("the settings need your attention:\n  - ENVIRONMENT "), "{text}");
    assert_eq!(text.lines().count(), 1 + WRONG.len());
}

#[test]
fn too_few_connections_are_rejected_with_the_sum() {
    let with = |connections| {
        [
            ("ENVIRONMENT", "development"),
            ("WORKERS", "4"),
            ("DATABASE_MAX_CONNECTIONS", connections),
        ]
    };
    assert_eq!(
        mistake(&with("6")),
        "DATABASE_MAX_CONNECTIONS must be a number, 7 or more: 4 for the sessions (one for each of \
         WORKERS), 1 for mail, 2 for all else; such as 18"
    );
    for (connections, pool) in [("7", 2), ("", 13), ("40", 35)] {
        let config = config(&with(connections)).expect("enough connections");
        assert_eq!(config.pool_connections(), pool, "{connections:?}");
    }
}

#[test]
fn weak_keys_are_rejected_and_not_printed() {
    let strong = Keys::generate();
    // 48 random bytes; 64 that are not random; a placeholder; a good key before a bad one, twice.
    for (keys, reason) in [
        (&strong[..64], "is too short: 48 bytes, at least 64 are needed"),
        (&*format!("{}==", "A".repeat(86)), "is not random"),
        ("change-me", "is not base64"),
        (&*format!("{strong},"), "is too short: 0 bytes"),
        (&*format!("{strong},change-me"), "is not base64"),
    ] {
        let found = mistake(&[("ENVIRONMENT", "development"), ("SECRET_KEYS", keys)]);
        assert!(found.starts_with(&format!("SECRET_KEYS {reason}")), "{found}");
        assert!(found.contains("`vestibule key generate` makes one"), "{found}");
        assert!(!found.contains(&strong) && !found.contains(keys), "{found}");
    }
}

#[test]
fn the_password_of_the_database_is_not_repeated() {
    let url = "postgres://app:hunter2@localhost:port/app";
    let found = mistake(&[("ENVIRONMENT", "development"), ("DATABASE_URL", url)]);
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn valid_settings_are_accepted() {
    let keys = [Keys::generate(), Keys::generate()].join(" , ");
    let config = config(&[
        ("ENVIRONMENT", "development"),
        ("APP_NAME", "Tür & Angel"),
        ("BASE_URL", "http://localhost:9000"),
        ("SECRET_KEYS", &keys),
        ("REMEMBER_IDLE_TIMEOUT", "1h 30m"),
        ("SESSIONS_PER_USER", "3"),
        ("TRUSTED_PROXIES", "10.0.0.7, fd00::/8"),
    ])
    .expect("nothing is wrong with these");
    assert_eq!(config.app_name, "Tür & Angel");
    assert_eq!(config.lifetimes.remembered.idle.as_secs(), 5_400);
    assert_eq!(config.lifetimes.sessions_per_user, 3);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.trusted_proxies[0].to_string(), "10.0.0.7/32");
}
