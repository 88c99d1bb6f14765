//! Routes that only the test site has.

use actix_web::web::ServiceConfig;

pub fn routes(_: &mut ServiceConfig) {}
