//! The same commands, given to the app by real browsers.

use super::model::{Command, DEVICES, Device, PER_USER, Person};
use crate::support::browser::Browser;
use crate::support::clock;
use crate::support::labels::*;
use crate::support::mailbox::{OutboxMail, mailbox};
use crate::support::second_factor::{Factor, LOGIN_PAGE, PAGE, SecondFactor};
use crate::support::site::Site;
use crate::support::touches::Touches;
use crate::support::{people, process};

const PASSWORDS: [&str; 2] = ["marble caravan thunder", "pewter saxophone glade"];

pub struct World {
    site: Site,
    devices: Vec<Browser>,
    /// The index of each person's password in `PASSWORDS`.
    passwords: [usize; 2],
    /// The index of each person's email address in `World::emails`.
    now_at: [usize; 2],
    factors: [Option<Factor>; 2],
}

impl World {
    pub async fn start() -> World {
        let site = Site::with(&[("SESSIONS_PER_USER", &PER_USER.to_string())]).await;
        let devices = (0..DEVICES)
            .map(|number| {
                let mut browser = site.browser();
                // Names the device on the page that lists sessions.
                browser.user_agent = format!("device-{number}");
                browser
            })
            .collect();
        World { site, devices, passwords: [0; 2], now_at: [0; 2], factors: [None, None] }
    }

    /// The two email addresses between which a person changes.
    pub fn emails(person: Person) -> [&'static str; 2] {
        let [ada, grace] = [people::ADA.email, people::GRACE.email];
        [[ada, "ada@example.net"], [grace, "grace@example.net"]][person.0]
    }

    fn email(&self, person: Person) -> &'static str {
        Self::emails(person)[self.now_at[person.0]]
    }

    fn password(&self, person: Person) -> &'static str {
        PASSWORDS[self.passwords[person.0]]
    }

    /// The newest link of this kind in the mails to an email address.
    async fn link(&self, email: &str, part: &str) -> String {
        let mails = mailbox(&self.site.db, email).await;
        let mail = mails.into_iter().rev().find(|mail| mail.text.contains(part));
        mail.unwrap_or_else(|| panic!("no mail with {part}")).link(part)
    }

    /// The notice with this number among all notices of changes to a person, and which address got
    /// it. The model knows no notices of new devices.
    async fn notice(&self, person: Person, number: usize) -> (String, usize) {
        let emails = Self::emails(person);
        let sent = "select recipient from outbox
                    where body like '%/not-me/%' and kind <> 'login.new-device'
                      and recipient = any($1) order by id";
        let sent: Vec<String> = sqlx::query_scalar(sent)
            .bind(emails.as_slice())
            .fetch_all(&self.site.db.pool)
            .await
            .expect("the outbox");
        let email = emails.iter().position(|email| *email == sent[number]).expect("an address");
        let before = sent[..number].iter().filter(|other| **other == sent[number]).count();
        let mails = mailbox(&self.site.db, emails[email]).await;
        let is_notice = |mail: &&OutboxMail| mail.text.contains("/not-me/");
        let mut notices = mails.iter().filter(is_notice).filter(|m| m.kind != "login.new-device");
        (notices.nth(before).expect("a notice").link("/not-me/"), email)
    }

    /// Gives a command, and returns whether the app did it. `notice`: the number of the notice
    /// whose button is pressed. `user`: the user of each device.
    pub async fn give(
        &mut self,
        command: Command,
        notice: Option<usize>,
        user: impl Fn(Device) -> Option<Person>,
    ) -> bool {
        match command {
            Command::SignUp(device, person) => {
                let fields = [(EMAIL, self.email(person)), (PASSWORD, self.password(person))];
                let browser = &mut self.devices[device.0];
                browser.visit("/register").await;
                browser.submit(CREATE_ACCOUNT, &fields).await;
                let link = self.link(self.email(person), "/email/verify/").await;
                let browser = &mut self.devices[device.0];
                browser.visit(&link).await;
                browser.press(CONFIRM_EMAIL).await;
                browser.path == "/app"
            }
            Command::LogIn { on, person, remember } => {
                let mut fields =
                    vec![(EMAIL, self.email(person)), (PASSWORD, self.password(person))];
                if remember {
                    fields.push((STAY_LOGGED_IN, "on"));
                }
                let browser = &mut self.devices[on.0];
                browser.visit("/login").await;
                browser.submit(LOG_IN, &fields).await;
                self.second_step(on, person).await;
                self.devices[on.0].path == "/app"
            }
            Command::LogInWrongly(device, person) => {
                let fields =
                    [(EMAIL, self.email(person)), (PASSWORD, "not the password of anybody")];
                let browser = &mut self.devices[device.0];
                browser.visit("/login").await;
                browser.submit(LOG_IN, &fields).await;
                browser.path == "/app"
            }
            Command::LogOut(device) => {
                let browser = &mut self.devices[device.0];
                browser.visit("/app").await;
                browser.press(LOG_OUT).await;
                browser.sees(LOGGED_OUT)
            }
            Command::EndSession { on, of } => {
                let name = format!("device-{}", of.0);
                let id = "select public_id::text from sessions where user_agent = $1 and user_id is not null
                          order by created_at desc, id desc limit 1";
                let id: String = sqlx::query_scalar(id)
                    .bind(&name)
                    .fetch_one(&self.site.db.pool)
                    .await
                    .expect("its session");
                let browser = &mut self.devices[on.0];
                browser.visit("/account/sessions").await;
                let mut form = browser.form(LOG_OUT_ELSEWHERE);
                form.action.set_path(&format!("/account/sessions/{id}/revoke"));
                browser.send(form).await;
                browser.sees("That device is logged out.")
            }
            Command::EndOthers(device) => {
                let browser = &mut self.devices[device.0];
                browser.visit("/account/sessions").await;
                if browser.sees("You aren't logged in anywhere else.") {
                    return true;
                }
                browser.press(LOG_OUT_ELSEWHERE).await;
                browser.sees(LOGGED_OUT_ELSEWHERE)
            }
            Command::Download(device) => {
                let browser = &mut self.devices[device.0];
                browser.visit("/account/export").await;
                browser.path == "/account/export"
            }
            Command::NotMe(device, person, _) => {
                let (link, email) = self.notice(person, notice.expect("a notice")).await;
                let browser = &mut self.devices[device.0];
                browser.visit(&link).await;
                if browser.sees(INVALID_LINK) {
                    return false;
                }
                browser.press(NOT_ME).await;
                self.now_at[person.0] = email;
                browser.sees(EVERY_DEVICE_LOGGED_OUT)
            }
            Command::SetUpFactor(_) | Command::RemoveFactor(_) => {
                self.change_factor(command, user).await
            }
            Command::Confirm(_)
            | Command::ChangePassword(_)
            | Command::ChangeEmail(_)
            | Command::Delete(_)
            | Command::Reset(..) => self.prove(command, user).await,
            _ => self.operate(command).await,
        }
    }

    /// Proves the person's second factor, if the page asks for it.
    async fn second_step(&mut self, on: Device, person: Person) {
        let browser = &mut self.devices[on.0];
        if browser.path == LOGIN_PAGE {
            let factor = self.factors[person.0].as_mut().expect("a second factor");
            factor.renew(&self.site.db).await;
            factor.prove(browser).await;
        }
    }

    async fn change_factor(
        &mut self,
        command: Command,
        user: impl Fn(Device) -> Option<Person>,
    ) -> bool {
        let (Command::SetUpFactor(device) | Command::RemoveFactor(device)) = command else {
            unreachable!("{command:?}")
        };
        let browser = &mut self.devices[device.0];
        browser.visit(PAGE).await;
        if browser.path != PAGE {
            return false;
        }
        if let Command::RemoveFactor(_) = command {
            browser.press(Factor::REMOVE).await;
            return browser.sees("is removed.");
        }
        let factor = Factor::set_up(browser).await;
        self.factors[user(device).expect("a user").0] = Some(factor);
        browser.path == "/account/recovery-codes"
    }

    /// Commands that need a password or a link from an email.
    async fn prove(&mut self, command: Command, user: impl Fn(Device) -> Option<Person>) -> bool {
        match command {
            Command::Confirm(device) => {
                let password = self.password(user(device).expect("a user"));
                let browser = &mut self.devices[device.0];
                browser.visit("/sudo").await;
                browser.submit(CONTINUE, &[(PASSWORD, password)]).await;
                browser.path == "/account"
            }
            Command::ChangePassword(device) => {
                let person = user(device).expect("a user");
                let old = self.password(person);
                self.passwords[person.0] ^= 1;
                let fields = [(CURRENT_PASSWORD, old), (NEW_PASSWORD, self.password(person))];
                let browser = &mut self.devices[device.0];
                browser.visit("/account/password").await;
                browser.submit(CHANGE_PASSWORD, &fields).await;
                browser.path == "/account"
            }
            Command::Reset(device, person) => {
                let email = self.email(person);
                let browser = &mut self.devices[device.0];
                browser.visit("/password/reset").await;
                browser.submit(SEND_LINK, &[(EMAIL, email)]).await;
                let link = self.link(email, "/password/reset/").await;
                self.passwords[person.0] ^= 1;
                let password = self.password(person);
                let browser = &mut self.devices[device.0];
                browser.visit(&link).await;
                browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, password)]).await;
                browser.sees(PASSWORD_CHANGED)
            }
            Command::ChangeEmail(device) => {
                let person = user(device).expect("a user");
                let new = Self::emails(person)[self.now_at[person.0] ^ 1];
                let browser = &mut self.devices[device.0];
                browser.visit("/account/email").await;
                if browser.path != "/account/email" {
                    return false;
                }
                browser.submit(SEND_LINK, &[(NEW_EMAIL, new)]).await;
                let link = self.link(new, "/email/change/").await;
                let browser = &mut self.devices[device.0];
                browser.visit(&link).await;
                browser.press(CHANGE_EMAIL).await;
                self.now_at[person.0] ^= 1;
                browser.sees(EMAIL_CHANGED)
            }
            Command::Delete(device) => {
                let person = user(device).expect("a user");
                let email = self.email(person);
                let browser = &mut self.devices[device.0];
                browser.visit("/account/delete").await;
                if browser.path != "/account/delete" {
                    return false;
                }
                browser.submit(DELETE_ACCOUNT, &[(EMAIL, email)]).await;
                self.now_at[person.0] = 0;
                browser.sees("Your account is deleted.")
            }
            _ => unreachable!("{command:?}"),
        }
    }

    /// Commands of an operator, and jumps of the clock.
    async fn operate(&mut self, command: Command) -> bool {
        match command {
            Command::Lock(person) | Command::Unlock(person) | Command::EndByEpoch(person) => {
                // The rows of the sessions stay, so only the lock and the epoch end them.
                let sql = match command {
                    Command::Lock(_) => {
                        "update users set locked_at = now(), session_epoch = session_epoch + 1 where email = $1"
                    }
                    Command::Unlock(_) => "update users set locked_at = null where email = $1",
                    _ => "update users set session_epoch = session_epoch + 1 where email = $1",
                };
                let done =
                    sqlx::query(sql).bind(self.email(person)).execute(&self.site.db.pool).await;
                done.expect("the database").rows_affected() == 1
            }
            Command::LogOutByOperator(person) | Command::ResetFactors(person) => {
                let verb = match command {
                    Command::ResetFactors(_) => "reset-factors",
                    _ => "log-out",
                };
                let email = self.email(person);
                let mut run = process::command(&self.site.db, &["user", verb, email]);
                run.status().expect("the binary").success()
            }
            Command::Later(minutes) => {
                clock::later(&self.site.db, &format!("{minutes} minutes")).await;
                true
            }
            _ => unreachable!("{command:?}"),
        }
    }

    /// Sends a GET from a device, and returns the email address that its page shows.
    pub async fn look(&mut self, device: Device) -> Option<&'static str> {
        let browser = &mut self.devices[device.0];
        browser.visit("/account").await;
        match browser.path.as_str() {
            "/account" => [Person(0), Person(1)]
                .map(Self::emails)
                .concat()
                .into_iter()
                .find(|email| browser.sees(email)),
            path => {
                assert!(path.starts_with("/login"), "{path}");
                None
            }
        }
    }

    /// Waits until the last requests have moved the idle timeouts of their sessions.
    pub async fn touched(&self, touches: &mut Touches) {
        let due = "select count(*) from sessions s join users u on u.id = s.user_id
                   where s.last_seen_at < now() - interval '1 minute' and s.ends_at > now()
                     and s.last_seen_at + s.idle_timeout > now()
                     and u.session_epoch = s.user_epoch and u.locked_at is null";
        while self.site.db.number(due).await > 0 {
            touches.once().await;
        }
    }

    pub fn db(&self) -> &crate::support::database::Database {
        &self.site.db
    }
}
