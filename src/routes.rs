//! The routes of the site, grouped by the access that they need. Start reading here. Larger
//! features that an adopter may delete have their routes in a file of their own.
//!
//! A page's path names its file, or the file of its parent: `/account/password` is
//! `src/flows/account/password.rs`. Add your own pages to the `/app` scope, which requires a login.
//! Use `resource` and not `route`, so that a wrong method gets a 405 and not a 404. A HEAD request
//! is handled like a GET. A GET of a URL that takes only a form redirects to the page of the form,
//! because a login may lead back there.

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, resource, scope};

use crate::dev;
use crate::flows::{account, app, email, home, login, logout, not_me, password, register, sudo};
use crate::lesson;
use crate::web::next_page::redirect_to;
use crate::web::{assets, guard, health, sudo as sudo_mode};

pub fn all(site: &mut ServiceConfig) {
    // Features with routes of their own. First, because the scope `/account` below would answer 404
    // for their paths.
    site.configure(crate::totp::routes);
    site.configure(crate::passkeys::routes);

    // Anyone
    site.service(resource("/").get(home::show))
        .service(resource("/register").get(register::show).post(register::submit))
        .service(resource("/login").get(login::show).post(login::submit))
        .service(resource("/logout").get(redirect_to("/")).post(logout::submit));

    // A login that waits for its second step
    let recovery_step = resource("/login/recovery-code");
    site.service(recovery_step.get(login::recovery_code::show).post(login::recovery_code::submit));

    // Anyone with a link or a code from an email
    let (verify, reset) = (resource("/email/verify"), resource("/password/reset"));
    let choose = resource("/password/reset/choose");
    site.service(verify.get(email::verify::show).post(email::verify::submit))
        .service(
            resource("/email/verify/resend")
                .get(redirect_to("/email/verify"))
                .post(email::verify::resend::submit),
        )
        .service(resource("/email/verify/{token}").get(email::verify::link::open))
        .service(reset.get(password::reset::show).post(password::reset::submit))
        .service(resource("/password/reset/sent").get(password::reset::sent))
        .service(choose.get(password::reset::choose).post(password::reset::change))
        .service(resource("/password/reset/{token}").get(password::reset::open))
        .service(resource("/not-me/{token}").get(not_me::show))
        .service(resource("/not-me").get(not_me::without_token).post(not_me::submit));

    // Logged in
    let passwords = resource("/password");
    let emails = resource("/email").wrap(from_fn(sudo_mode::require));
    let export = resource("/export").wrap(from_fn(sudo_mode::require));
    let delete = resource("/delete").wrap(from_fn(sudo_mode::require));
    let codes = resource("/recovery-codes").wrap(from_fn(sudo_mode::require_factor));
    let others = resource("/sessions/revoke-others").get(redirect_to("/account/sessions"));
    let one = resource("/sessions/{id}/revoke").get(redirect_to("/account/sessions"));
    site.service(
        scope("/app")
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(app::show))
            .configure(app::projects::routes)
            .service(resource("/note").get(redirect_to("/app")).post(app::keep_note)),
    )
    .service(
        scope("/account")
            .wrap(from_fn(guard::logged_in))
            .service(resource("").get(account::show))
            .service(passwords.get(account::password::show).post(account::password::submit))
            .service(emails.get(account::email::show).post(account::email::submit))
            .service(delete.get(account::delete::show).post(account::delete::submit))
            .service(export.get(account::export::show).post(account::export::download))
            .service(codes.get(account::recovery_codes::show).post(account::recovery_codes::submit))
            .service(resource("/activity").get(account::activity::show))
            .service(resource("/sessions").get(account::sessions::show))
            .service(others.post(account::sessions::others))
            .service(one.post(account::sessions::revoke)),
    );

    let change = resource("/email/change").wrap(from_fn(guard::logged_in));
    site.service(resource("/sudo").get(sudo::show).post(sudo::submit))
        .service(change.get(redirect_to("/account/email")).post(email::change::submit))
        // Its handler says which email address to log in with.
        .service(resource("/email/change/{token}").get(email::change::open));

    // Probes, static files and well-known paths
    site.service(resource("/healthz").get(health::alive))
        .service(resource("/readyz").get(health::ready))
        .service(resource("/static/{hash}/{path:.*}").get(assets::show))
        .service(resource("/favicon.ico").get(assets::favicon))
        .service(resource("/robots.txt").get(health::robots))
        .service(resource("/.well-known/change-password").get(health::change_password));

    // Pages that explain this site
    site.configure(lesson::routes);

    // Development only
    site.service(
        scope("/dev")
            .wrap(from_fn(dev::only_in_development))
            .service(resource("/mailbox").get(dev::mailbox::list))
            .service(resource("/mailbox/{id}").get(dev::mailbox::show))
            .service(resource("/mailbox/{id}/html").get(dev::mailbox::html))
            .service(resource("/badge.svg").get(dev::mailbox::badge)),
    );
}
