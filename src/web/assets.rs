//! Serves the files of `static/`: from the binary in a release build, from disk in a debug build.
//!
//! Every URL contains one hash of all files. An edit changes the URLs, so browsers may cache a file
//! for a year. `site.css` joins Pico and our own style, so that a page needs one request instead of
//! two.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Catalogue {
    hash: String,
    files: BTreeMap<String, File>,
}

struct File {
    content: Bytes,
    /// `None` if compression does not make the file smaller.
    gzip: Option<Bytes>,
    kind: String,
}

/// The URL of a file. It changes when any file does.
pub fn url(name: &str) -> String {
    format!("/static/{}/{name}", catalogue().hash)
}

/// `GET /static/{hash}/{path}`. An old hash gets the current file, for a page that was rendered
/// before an update. Only a response to the current hash may be cached.
pub async fn show(req: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let catalogue = catalogue();
    let (hash, name) = path.into_inner();
    let Some(file) = catalogue.files.get(&name) else { return HttpResponse::NotFound().finish() };
    let mut response = HttpResponse::Ok();
    response.content_type(file.kind.as_str()).insert_header((header::VARY, "Accept-Encoding"));
    if hash == catalogue.hash {
        response.insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
    }
    match &file.gzip {
        Some(gzip) if prefers_gzip(&req) => {
            response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip.clone())
        }
        _ => response.body(file.content.clone()),
    }
}

/// `GET /favicon.ico`: browsers and bots that know no other icon ask for it at this path.
pub async fn favicon() -> HttpResponse {
    let catalogue = catalogue();
    let Some(file) = catalogue.files.get("favicon.ico") else {
        return HttpResponse::NotFound().finish();
    };
    HttpResponse::Ok()
        .content_type(file.kind.as_str())
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(file.content.clone())
}

/// Whether `Accept-Encoding` prefers gzip (RFC 9110 §12.5.3). `gzip;q=0` excludes it, the header
/// can have several lines, and without the header the file is not compressed.
fn prefers_gzip(req: &HttpRequest) -> bool {
    let ours = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(req).ok();
    accepted.and_then(|accepted| accepted.negotiate(ours.iter())) == Some(Encoding::gzip())
}

/// All files. A release build reads them once. A debug build reads them again after a change, so
/// that reloading a page shows an edited style.
fn catalogue() -> Arc<Catalogue> {
    static KNOWN: Mutex<Option<(Option<SystemTime>, Arc<Catalogue>)>> = Mutex::new(None);
    let now = if cfg!(debug_assertions) { last_change() } else { None };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some((then, catalogue)) if *then == now => catalogue.clone(),
        _ => known.insert((now, Arc::new(read()))).1.clone(),
    }
}

fn last_change() -> Option<SystemTime> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
    let changes = Files::iter().map(|name| fs::metadata(folder.join(&*name))?.modified());
    changes.filter_map(Result::ok).max()
}

fn read() -> Catalogue {
    let mut contents: BTreeMap<String, Vec<u8>> = Files::iter()
        .filter_map(|name| {
            Files::get(&name).map(|file| (name.into_owned(), file.data.into_owned()))
        })
        .collect();
    let mut site = contents.remove("pico.css").unwrap_or_default();
    site.extend(contents.remove("style.css").unwrap_or_default());
    contents.insert("site.css".to_owned(), site);

    let mut digest = Sha256::new();
    for (name, content) in &contents {
        digest.update(name);
        digest.update(content);
    }
    let hash: String = digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let files = contents.into_iter().map(|(name, content)| (name.clone(), file(&name, content)));
    Catalogue { hash, files: files.collect() }
}

fn file(name: &str, content: Vec<u8>) -> File {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let gzip = compress(&content).filter(|gzip| gzip.len() < content.len());
    File { content: content.into(), gzip: gzip.map(Bytes::from), kind: kind.to_owned() }
}

fn compress(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}
