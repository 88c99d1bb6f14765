//! Every address of the site, a line each, by who may enter. Start reading here.
//!
//! The path is the file: `/account/password` is `src/flows/account/password.rs`. A page of your own goes
//! into the `/app` scope, which is closed to anonymous visitors. `resource`, not `route`: a wrong
//! method is answered 405 and not 404. HEAD is answered as GET.

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource, scope};

use crate::dev;
use crate::flows::{account, app, home, login, logout, register};
use crate::web::{assets, guard, health};

pub fn all(site: &mut ServiceConfig) {
    // Anyone
    site.service(resource("/").get(home::show))
        .service(resource("/register").get(register::show).post(register::submit))
        .service(resource("/login").get(login::show).post(login::submit))
        .service(resource("/logout").post(logout::submit));

    // Logged in
    let passwords = resource("/password");
    site.service(
        scope("/app")
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(app::show))
            .service(resource("/note").post(app::keep_note)),
    )
    .service(
        scope("/account")
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(account::show))
            .service(passwords.get(account::password::show).post(account::password::submit)),
    );

    // Machines
    site.service(resource("/healthz").get(health::alive))
        .service(resource("/readyz").get(health::ready))
        .service(resource("/static/{hash}/{path:.*}").get(assets::show))
        .service(resource("/robots.txt").get(health::robots))
        .service(resource("/.well-known/change-password").get(health::change_password));

    // Development
    site.service(
        scope("/dev")
            .wrap(from_fn(dev::only_in_development))
            .service(resource("/mailbox").get(dev::mailbox::list))
            .service(resource("/mailbox/{id}").get(dev::mailbox::show)),
    );
}
