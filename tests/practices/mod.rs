//! Practices of safe logins: one file each, under the names that users of Express know.

mod behind_a_proxy;
mod certificates;
mod expiration;
mod https;
mod https_in_the_app;
mod id_regeneration;
mod same_site_and_http_only;
mod secure_cookies;
mod server_side_storage;
