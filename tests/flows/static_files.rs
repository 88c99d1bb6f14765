//! Static files: compressed for clients that accept it.

use crate::support::raw::{self, RawResponse};
use crate::support::site::Site;

async fn asked(site: &Site, path: &str, lines: &str) -> RawResponse {
    let host = &site.app.origin.host;
    let get = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n");
    raw::send(site.address, get).await
}

#[tokio::test]
async fn every_file_is_served_with_its_type_and_may_be_cached() {
    let site = Site::start().await;
    let joined = ["pico.css", "style.css"];
    let mut paths = vec![("favicon.ico".to_owned(), "/favicon.ico".to_owned())];
    for folder in ["", "icons/"] {
        let files = std::fs::read_dir(format!("static/{folder}")).into_iter().flatten();
        let files = files.map(|file| file.expect("a file")).filter(|file| file.path().is_file());
        let names = files.map(|file| format!("{folder}{}", file.file_name().to_string_lossy()));
        let names = names.filter(|name| !joined.contains(&name.as_str()));
        paths.extend(names.map(|name| (name.clone(), app::web::assets::url(&name))));
    }
    for (name, path) in paths {
        let answer = asked(&site, &path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        let kind = match name.rsplit_once('.').expect("an extension").1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "md" => "text/plain; charset=utf-8",
            other => panic!("{name}: which type has .{other}?"),
        };
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        let cache = answer.header("cache-control").unwrap_or_default();
        assert!(cache.starts_with("public, max-age="), "{path}: {cache}");
    }
}

/// `Accept-Encoding` (RFC 9110 §12.5.3).
#[tokio::test]
async fn a_file_is_compressed_only_if_the_client_accepts_gzip() {
    let site = Site::start().await;
    let path = app::web::assets::url("site.css");
    let plain = asked(&site, &path, "").await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    for (accepted, gzip) in [
        ("gzip, deflate, br, zstd", true),
        ("gzip", true),
        ("GZIP", true),
        ("gzip;q=0.001", true),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
        ("gzip;q=0", false),
        ("gzip;q=0.0, identity", false),
        ("identity, gzip;q=0.000, *;q=0.5", false),
        ("br", false),
        ("notgzip", false),
        ("identity", false),
        ("identity;q=1, gzip;q=0.5", false),
        ("", false),
        ("gzip;q=nonsense", false),
    ] {
        let answer = asked(&site, &path, &format!("Accept-Encoding: {accepted}\r\n")).await;
        let encoding = answer.header("content-encoding");
        assert_eq!((answer.status, encoding), (200, gzip.then_some("gzip")), "{accepted}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{accepted}");
        assert_eq!(answer.body == plain.body, !gzip, "{accepted}");
    }
    let lines = "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n";
    assert_eq!(asked(&site, &path, lines).await.header("content-encoding"), Some("gzip"));
}
