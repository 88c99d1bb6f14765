//! Routes that test sites add to those of the app. There are none at the moment.

use actix_web::web::ServiceConfig;

pub fn routes(_: &mut ServiceConfig) {}
