//! The picture in README: `reference/screenshots` takes it, and `reference/references.rs` fails
//! when it is out of date.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The files that decide what the login page looks like.
const SOURCES: [&str; 7] = [
    "templates/layout.html",
    "templates/form.html",
    "templates/login.html",
    "static/pico.css",
    "static/style.css",
    "static/mark.svg",
    "static/fraunces.woff2",
];

pub fn picture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshot.png")
}

/// Beside the picture: the `digest` of the files that it was taken of.
pub fn digest_file() -> PathBuf {
    picture().with_extension("sha256")
}

pub fn digest() -> String {
    let mut digest = Sha256::new();
    for source in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        digest.update(std::fs::read(&path).unwrap_or_else(|error| panic!("{source}: {error}")));
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
