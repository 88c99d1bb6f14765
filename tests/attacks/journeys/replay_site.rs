//! A site that replays sequences, and the proxy in front of its database, which records the
//! statements that write. All SQL of these tests is in this file.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use super::actions::{Action, From, Kind, Step, Whose};
use super::transcript::{Line, Seen, Transcript, lines};
use super::visitor::{Visitor, newest_link, start, token};
use app::database::Connection;
use app::web::factors::KINDS;

use crate::support::clock;
use crate::support::database::database;
use crate::support::mailbox::mailbox;
use crate::support::people::Person;
use crate::support::postgres_wire::StatementCounter;
use crate::support::requests::BrowserResponse;
use crate::support::site::Site;

/// The password that the attacker chooses.
const SIGN_UP_PASSWORD: &str = "glacier pumpkin harmonica";
const WRONG: &str = "not the password of anybody";
/// The password of all other people, which the attacker does not know.
const SECRET: &str = "trombone velvet lighthouse";
/// The email address of `State::MailsUsedUp`, as long as the others.
const USED_UP: &str = "t-usedup@example.com";
const WRONG_CODE: &str = "ZZZZ-ZZZZ";

/// Selects the counters, and extends each wait beyond the end of the sequence. Otherwise a slow
/// machine would be admitted where a fast one is rejected. The page shows 25.5 hours as "1 day 1
/// hour", even some seconds later.
const COUNTED: &str = "
    with frozen as (
        update throttles set wait_until = now() + interval '25 hours 30 minutes'
        where isfinite(wait_until))
    select format('%s per %s: %s counted, %s in a row, on %s rows, waits of %s s', action, scope,
               sum(failures), sum(in_a_row), count(*),
               coalesce(sum(round(extract(epoch from wait_until - counted_at)))
                   filter (where isfinite(wait_until) and wait_until < now() + interval '1 day'), 0))
    from throttles group by action, scope order by action, scope";

/// The state of the target's email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Free,
    /// Has a user.
    Taken,
    /// Somebody else has registered it and has not confirmed it yet.
    Pending,
    /// Has a user with `locked_at`.
    Locked,
    /// Has a user with second factors of every kind.
    WithFactors,
    /// Pending, with its mail budget used up. All sequences share one email address, because only
    /// the visible half is compared.
    MailsUsedUp,
}

/// One link of each kind.
struct Links {
    verify: String,
    reset: String,
    not_me: String,
}

pub struct ReplaySite {
    pub site: Site,
    wire: StatementCounter,
    /// A browser that has just opened its first page; every other person gets a clone of it.
    anybody: Visitor,
    used: Links,
    expired: Links,
    numbers: AtomicUsize,
}

impl ReplaySite {
    pub async fn start() -> ReplaySite {
        let db = database().await;
        let wire = StatementCounter::to(&db).await;
        let site = Site::behind_a_proxy_on(db, &[("DATABASE_URL", &wire.url)]).await;
        let link = async |email: &'static str, kind| {
            site.db.run("delete from throttles").await;
            newest_link(&site.db, email, kind).await.expect("a link")
        };
        let mut anybody = Visitor::new(&site).at("192.0.2.1");
        anybody.open("/register").await;
        let mut someone = anybody.clone();
        let (unconfirmed, early, late) = ("ann@example.com", "bob@example.com", "cyd@example.com");

        someone.register(unconfirmed, SECRET).await;
        let verify = link(unconfirmed, Kind::Verify).await;
        someone.register(early, SECRET).await;
        let confirm = link(early, Kind::Verify).await;
        someone.submit_link(Kind::Verify, &confirm, SECRET).await;
        let mut someone = anybody.clone();
        someone.ask_for_reset(early).await;
        let change = link(early, Kind::Reset).await;
        someone.submit_link(Kind::Reset, &change, SECRET).await;
        let not_me = link(early, Kind::NotMe).await;
        someone.ask_for_reset(early).await;
        let expired = Links { verify, reset: link(early, Kind::Reset).await, not_me };
        clock::later(&site.db, "8 days").await;

        let mut someone = anybody.clone();
        someone.register(late, SECRET).await;
        let verify = link(late, Kind::Verify).await;
        someone.submit_link(Kind::Verify, &verify, SECRET).await;
        let mut someone = anybody.clone();
        someone.ask_for_reset(late).await;
        let reset = link(late, Kind::Reset).await;
        someone.submit_link(Kind::Reset, &reset, SECRET).await;
        let not_me = link(late, Kind::NotMe).await;
        someone.submit_link(Kind::NotMe, &not_me, SECRET).await;
        let used = Links { verify, reset, not_me };

        let started =
            ReplaySite { site, wire, anybody, used, expired, numbers: AtomicUsize::new(0) };
        started.use_up_mails().await;
        started
    }

    /// Replays a sequence against a new email address in this state. All have the same length.
    pub async fn replay(&self, sequence: &[Step], state: State) -> Transcript {
        let target = match state {
            State::MailsUsedUp => USED_UP.to_owned(),
            _ => format!("t{:07}@example.com", self.number()),
        };
        self.prepare(&target, state).await;
        self.replay_against(sequence, &target).await
    }

    /// Replays a sequence against an email address that is already prepared.
    pub async fn replay_against(&self, sequence: &[Step], target: &str) -> Transcript {
        let own = format!("o{:07}@example.com", self.number());
        let new = || Visitor::new(&self.site).at(&self.ip());
        let mut browsers = [new(), new()];
        let began = Instant::now();
        let mut actions = Vec::new();
        // One connection for all reads of the counters: a pool would ping it before each.
        let mut db = self.site.db.pool.acquire().await.expect("a connection");
        self.wire.writes();
        for Step { browser, action } in sequence {
            let visitor = &mut browsers[*browser];
            let runs = self.site.app.hasher.runs();
            let (answers, secret) = self.act(visitor, *action, target, &own).await;
            let runs = self.site.app.hasher.runs() - runs;
            let typed = [(target, "TARGET"), (own.as_str(), "OWN"), (secret.as_str(), "TOKEN")];
            let typed = &typed[..if secret.is_empty() { 2 } else { 3 }];
            let mut visible: Vec<Line> =
                answers.iter().flat_map(|answer| lines(answer, typed)).collect();
            visible.push(format!("{runs} runs of Argon2").into());
            let writes = self.wire.writes().into_iter();
            let cost = writes.chain(counted(&mut db).await).map(Line::from).collect();
            actions.push(Seen { visible, cost });
        }
        Transcript { actions, took: began.elapsed() }
    }

    /// Returns the responses, and the token of the link that was opened.
    async fn act(
        &self,
        visitor: &mut Visitor,
        action: Action,
        target: &str,
        own: &str,
    ) -> (Vec<BrowserResponse>, String) {
        let email = |whose| if whose == Whose::Target { target } else { own };
        let answers = match action {
            Action::Register(whose) => visitor.register(email(whose), SIGN_UP_PASSWORD).await,
            Action::LogIn(whose, true) => visitor.log_in(email(whose), SIGN_UP_PASSWORD).await,
            Action::LogIn(whose, false) => visitor.log_in(email(whose), WRONG).await,
            Action::AskForReset(whose) => visitor.ask_for_reset(email(whose)).await,
            Action::Resend(whose) => visitor.resend(email(whose)).await,
            Action::AskForEmail(whose) => visitor.ask_for_email(email(whose)).await,
            Action::TypeCode(whose) => visitor.type_code(email(whose), WRONG_CODE).await,
            Action::OpenLink(kind, from) => {
                let link = self.link(kind, from, own).await;
                return (visitor.open(&link).await, token(&link).to_owned());
            }
            Action::SubmitLink(kind, from) => {
                let link = self.link(kind, from, own).await;
                let answers = visitor.submit_link(kind, &link, SIGN_UP_PASSWORD).await;
                return (answers, token(&link).to_owned());
            }
        };
        (answers, String::new())
    }

    async fn link(&self, kind: Kind, from: From, own: &str) -> String {
        let of_third = match from {
            From::OwnMailbox => {
                let newest = newest_link(&self.site.db, own, kind).await;
                return newest.unwrap_or_else(|| format!("{}{}", start(kind), "x".repeat(43)));
            }
            From::Used => &self.used,
            From::Expired => &self.expired,
        };
        match kind {
            Kind::Verify => of_third.verify.clone(),
            Kind::Reset => of_third.reset.clone(),
            Kind::NotMe => of_third.not_me.clone(),
        }
    }

    /// Brings a new email address into this state, and resets all counters.
    async fn prepare(&self, target: &str, state: State) {
        match state {
            State::Free | State::MailsUsedUp => {}
            State::Pending => drop(self.someone().register(target, SECRET).await),
            State::Taken | State::Locked | State::WithFactors => {
                // Inserted directly: through the pages this takes five times as long.
                let email: &'static str = target.to_owned().leak();
                Person { email, password: SECRET }.create_account(&self.site).await;
            }
        }
        if state == State::Locked {
            let locked = sqlx::query("update users set locked_at = now() where email = $1")
                .bind(target)
                .execute(&self.site.db.pool)
                .await;
            assert_eq!(locked.expect("the database").rows_affected(), 1, "nobody to lock");
        }
        if state == State::WithFactors {
            self.site.db.run("delete from second_factors").await;
            let add = "insert into second_factors (id, user_id, kind)
                       select gen_random_uuid(), id, unnest($2::text[]) from users
                       where email = $1";
            let kinds: Vec<&str> = KINDS.iter().map(|factor| factor.kind).collect();
            let added = sqlx::query(add).bind(target).bind(kinds).execute(&self.site.db.pool).await;
            let added = added.expect("the database").rows_affected();
            assert_eq!(added, KINDS.len() as u64, "nobody with factors");
        }
        self.site.db.run("delete from throttles").await;
        if state == State::MailsUsedUp {
            self.site.db.run("insert into throttles table used_up").await;
        }
    }

    /// Requests mails of every kind to one email address, each from another IP address, until none
    /// is sent. Saves the counters.
    async fn use_up_mails(&self) {
        self.site.db.run("delete from throttles").await;
        let mut db = self.site.db.pool.acquire().await.expect("a connection");
        let email: &'static str = "asker@example.com";
        Person { email, password: SECRET }.create_account(&self.site).await;
        let mut asker = self.someone();
        asker.log_in(email, SECRET).await;
        let mut sent = None;
        while sent != Some(mailbox(&self.site.db, USED_UP).await.len()) {
            sent = Some(mailbox(&self.site.db, USED_UP).await.len());
            assert!(sent < Some(100), "no limit stops mails to one address");
            self.someone().register(USED_UP, SECRET).await;
            self.someone().post("/password/reset", &[("email", USED_UP)]).await;
            self.someone().post("/email/verify/resend", &[("email", USED_UP)]).await;
            asker.ask_for_email(USED_UP).await;
            counted(&mut db).await;
        }
        self.site.db.run("create table used_up as table throttles").await;
    }

    /// Somebody other than the attacker, with a browser and an IP address of their own.
    fn someone(&self) -> Visitor {
        let mut someone = self.anybody.clone().at(&self.ip());
        someone.browser.follow_redirects = false;
        someone
    }

    /// A new IP address.
    fn ip(&self) -> String {
        let [_, a, b, c] = (self.number() as u32).to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }

    fn number(&self) -> usize {
        self.numbers.fetch_add(1, Relaxed)
    }
}

async fn counted(db: &mut Connection) -> Vec<String> {
    sqlx::query_scalar(COUNTED).fetch_all(db).await.expect("the throttles")
}
