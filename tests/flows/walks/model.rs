//! What should be true: accounts, devices and a clock, in a few lines that know nothing of the app.

/// Timeouts in minutes: idle, absolute.
const ORDINARY: (u64, u64) = (60, 24 * 60);
const REMEMBERED: (u64, u64) = (14 * 24 * 60, 30 * 24 * 60);
const SUDO_WINDOW: u64 = 10;
/// How long a "this wasn't me" link works.
const NOT_ME: u64 = 7 * 24 * 60;
/// `SESSIONS_PER_USER` of the walk's site: fewer than devices, so that logins end older sessions.
pub const PER_USER: usize = 3;
pub const DEVICES: usize = 5;
pub const PEOPLE: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person(pub usize);

#[derive(Clone, Copy, Debug)]
pub enum Command {
    SignUp(Device, Person),
    LogIn {
        on: Device,
        person: Person,
        remember: bool,
    },
    LogInWrongly(Device, Person),
    LogOut(Device),
    /// Ends the session of another device of the same user.
    EndSession {
        on: Device,
        of: Device,
    },
    EndOthers(Device),
    Confirm(Device),
    ChangePassword(Device),
    /// Asks for the person's other email address and confirms it.
    ChangeEmail(Device),
    SetUpFactor(Device),
    RemoveFactor(Device),
    Reset(Device, Person),
    /// Presses the button of one of the notices that are still valid: the number of notices is
    /// the modulus.
    NotMe(Device, Person, usize),
    Download(Device),
    Delete(Device),
    Lock(Person),
    Unlock(Person),
    /// An operator raises the epoch of a user.
    EndByEpoch(Person),
    /// The operator's command `user log-out`.
    LogOutByOperator(Person),
    /// The operator's command `user reset-factors`.
    ResetFactors(Person),
    Later(u64),
}

#[derive(Clone, Debug)]
pub struct Session {
    pub person: Person,
    /// The order in which sessions began.
    began: u64,
    ends_at: u64,
    idle: u64,
    last_seen: u64,
    authenticated_at: u64,
    /// When a second factor was proved.
    factor_at: Option<u64>,
}

/// A notice with an unused "this wasn't me" link.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The position among all notices of the account.
    pub number: usize,
    sent_at: u64,
    /// Which of the person's email addresses got it.
    email: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Account {
    pub exists: bool,
    pub locked: bool,
    pub must_reset: bool,
    /// Which of the person's two email addresses the account has.
    pub email: usize,
    /// If there is a second factor: when it was set up.
    factor: Option<u64>,
    notices: Vec<Notice>,
    sent: usize,
}

#[derive(Default)]
pub struct Model {
    pub accounts: [Account; PEOPLE],
    pub sessions: [Option<Session>; DEVICES],
    now: u64,
    logins: u64,
}

impl Model {
    /// The person who is logged in on a device.
    pub fn user(&self, device: Device) -> Option<Person> {
        self.sessions[device.0].as_ref().map(|session| session.person)
    }

    /// The notice that a `NotMe` with this number uses.
    pub fn notice(&self, person: Person, number: usize) -> Option<&Notice> {
        let notices = &self.accounts[person.0].notices;
        let mut valid = notices.iter().filter(|notice| self.now - notice.sent_at < NOT_ME);
        let count = valid.clone().count();
        valid.nth(number.checked_rem(count)?)
    }

    fn is_sudo(&self, device: Device) -> bool {
        let session = self.sessions[device.0].as_ref();
        session.is_some_and(|session| self.now - session.authenticated_at < SUDO_WINDOW)
    }

    /// Whether a second factor was proved on a device recently.
    fn has_proved_factor(&self, device: Device) -> bool {
        let proved = self.sessions[device.0].as_ref().and_then(|session| session.factor_at);
        proved.is_some_and(|at| self.now - at < SUDO_WINDOW)
    }

    fn has_factor(&self, device: Device) -> Option<bool> {
        self.user(device).map(|person| self.accounts[person.0].factor.is_some())
    }

    /// Whether a command can be given now: a login, for example, needs a device without a session.
    pub fn allows(&self, command: Command) -> bool {
        let free = |device: Device| self.sessions[device.0].is_none();
        let account = |person: Person| &self.accounts[person.0];
        match command {
            Command::SignUp(device, person) => free(device) && !account(person).exists,
            Command::LogIn { on, .. } | Command::LogInWrongly(on, _) => free(on),
            Command::LogOut(device)
            | Command::EndOthers(device)
            | Command::Confirm(device)
            | Command::ChangePassword(device)
            | Command::ChangeEmail(device)
            | Command::Delete(device)
            | Command::Download(device) => !free(device),
            Command::SetUpFactor(device) => self.has_factor(device) == Some(false),
            Command::RemoveFactor(device) => self.has_factor(device) == Some(true),
            Command::EndSession { on, of } => {
                on != of && !free(on) && self.user(on) == self.user(of)
            }
            Command::Reset(_, person) => account(person).exists && !account(person).locked,
            Command::NotMe(_, person, number) => {
                !account(person).locked && self.notice(person, number).is_some()
            }
            Command::Lock(person) => account(person).exists && !account(person).locked,
            Command::Unlock(person) => account(person).locked,
            Command::EndByEpoch(person)
            | Command::LogOutByOperator(person)
            | Command::ResetFactors(person) => account(person).exists,
            Command::Later(_) => true,
        }
    }

    /// Applies a command that `allows` has allowed, and returns whether it succeeds.
    pub fn apply(&mut self, command: Command) -> bool {
        match command {
            Command::SignUp(device, person) => {
                self.accounts[person.0].exists = true;
                self.notify(person);
                self.begin(device, person, false);
            }
            Command::LogIn { on, person, remember } => {
                let account = &self.accounts[person.0];
                if !account.exists || account.locked || account.must_reset {
                    return false;
                }
                self.begin(on, person, remember);
            }
            Command::LogInWrongly(..) => return false,
            Command::LogOut(device) => self.sessions[device.0] = None,
            Command::EndSession { of, .. } => self.sessions[of.0] = None,
            Command::EndOthers(device)
            | Command::ChangePassword(device)
            | Command::ChangeEmail(device) => {
                if matches!(command, Command::ChangeEmail(_)) && !self.is_sudo(device) {
                    return false;
                }
                let user = self.user(device);
                self.end(|other, session| other != device && Some(session.person) == user);
                if matches!(command, Command::ChangePassword(_)) {
                    self.authenticate(device);
                    user.into_iter().for_each(|person| self.notify(person));
                } else if let (Command::ChangeEmail(_), Some(person)) = (command, user) {
                    self.notify(person);
                    self.accounts[person.0].email ^= 1;
                }
            }
            Command::Confirm(device) => self.authenticate(device),
            Command::SetUpFactor(device) => {
                if !self.is_sudo(device) {
                    return false;
                }
                self.change_factor(device, true);
            }
            Command::RemoveFactor(device) => {
                if !self.has_proved_factor(device) {
                    return false;
                }
                self.change_factor(device, false);
            }
            Command::Reset(_, person) => {
                self.accounts[person.0].must_reset = false;
                self.notify(person);
                self.end(|_, session| session.person == person);
            }
            Command::NotMe(_, person, number) => {
                let used = self.notice(person, number).expect("allowed").clone();
                let account = &mut self.accounts[person.0];
                account.must_reset = true;
                account.email = used.email;
                // Set up recently, perhaps by a thief.
                account.factor.take_if(|set_up| self.now - *set_up < NOT_ME);
                account.notices.retain(|notice| {
                    let later = notice.number > used.number && notice.email != used.email;
                    notice.number != used.number && !later
                });
                self.end(|_, session| session.person == person);
            }
            Command::Download(device) => return self.is_sudo(device),
            Command::Delete(device) => {
                if !self.is_sudo(device) {
                    return false;
                }
                let person = self.user(device).expect("allowed");
                self.accounts[person.0] = Account::default();
                self.end(|_, session| session.person == person);
            }
            Command::Lock(person) => {
                self.accounts[person.0].locked = true;
                self.end(|_, session| session.person == person);
            }
            Command::Unlock(person) => self.accounts[person.0].locked = false,
            Command::EndByEpoch(person) | Command::LogOutByOperator(person) => {
                self.end(|_, session| session.person == person);
            }
            Command::ResetFactors(person) => {
                if self.accounts[person.0].factor.take().is_some() {
                    self.end(|_, session| session.person == person);
                    self.notify(person);
                }
            }
            Command::Later(minutes) => {
                self.now += minutes;
                let now = self.now;
                self.end(|_, s| now >= s.ends_at || now >= s.last_seen + s.idle);
            }
        }
        true
    }

    /// Every device has sent a request, which moves its idle timeout.
    pub fn seen(&mut self) {
        let now = self.now;
        self.sessions.iter_mut().flatten().for_each(|session| session.last_seen = now);
    }

    fn begin(&mut self, device: Device, person: Person, remember: bool) {
        let (idle, absolute) = if remember { REMEMBERED } else { ORDINARY };
        let now = self.now;
        self.logins += 1;
        self.sessions[device.0] = Some(Session {
            person,
            began: self.logins,
            ends_at: now + absolute,
            idle,
            last_seen: now,
            authenticated_at: now,
            factor_at: self.accounts[person.0].factor.map(|_| now),
        });
        let mut of_person: Vec<u64> = self
            .sessions
            .iter()
            .flatten()
            .filter(|session| session.person == person)
            .map(|session| session.began)
            .collect();
        of_person.sort_unstable();
        let oldest = of_person.len().saturating_sub(PER_USER);
        self.end(|_, session| of_person[..oldest].contains(&session.began));
    }

    fn change_factor(&mut self, device: Device, on: bool) {
        let person = self.user(device).expect("allowed");
        self.end(|other, session| other != device && session.person == person);
        self.authenticate(device);
        let now = self.now;
        self.accounts[person.0].factor = on.then_some(now);
        self.sessions[device.0]
            .iter_mut()
            .for_each(|session| session.factor_at = on.then_some(now));
        self.notify(person);
    }

    fn notify(&mut self, person: Person) {
        let account = &mut self.accounts[person.0];
        let (number, email) = (account.sent, account.email);
        account.notices.push(Notice { number, sent_at: self.now, email });
        account.sent += 1;
    }

    fn authenticate(&mut self, device: Device) {
        let now = self.now;
        self.sessions[device.0].iter_mut().for_each(|session| session.authenticated_at = now);
    }

    fn end(&mut self, which: impl Fn(Device, &Session) -> bool) {
        for (index, slot) in self.sessions.iter_mut().enumerate() {
            slot.take_if(|session| which(Device(index), session));
        }
    }
}
