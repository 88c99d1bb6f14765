//! The kinds of audit events, and their names in the table and in the log.

/// A kind of event that belongs to one feature, and is deleted with it: `Kind::Feature(&ADDED)`.
#[derive(Debug, PartialEq, Eq)]
pub struct FeatureKind {
    /// The stored name: dotted like the path, or the command, where it happened.
    pub name: &'static str,
    /// The name in the log, in the style of the OWASP Logging Vocabulary Cheat Sheet.
    pub owasp_name: &'static str,
    /// What the owner of the account reads on the page of events.
    pub words: &'static str,
    /// The log line is a warning.
    pub is_alarming: bool,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sign-up. Its email address may already have an account.
    RegistrationStarted,
    /// An email address was verified, and its user created.
    AccountCreated,
    LoggedIn,
    /// The first login on a device, of an account that knows another one.
    LoggedInOnNewDevice,
    LoginFailed,
    /// The password was right, and the second factor wrong.
    SecondFactorFailed,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A login ended the oldest session, because of `SESSIONS_PER_USER`.
    OldestSessionEnded,
    LoggedOut,
    /// The user authenticated again in a session, or failed to.
    Reauthenticated,
    ReauthenticationFailed,
    Exported,
    AccountDeleted,
    /// The user ended another session of theirs.
    SessionEnded,
    /// The user ended all sessions but one.
    OtherSessionsEnded,
    PasswordChanged,
    PasswordChangeFailed,
    /// A new set of recovery codes.
    RecoveryCodesMade,
    ResetAsked,
    PasswordReset,
    /// The user requested another email address.
    EmailChangeAsked,
    /// The user confirmed the new email address.
    EmailChanged,
    NotMe,
    /// "This wasn't me" restored an earlier email address.
    EmailRestored,
    /// "This wasn't me" could not restore it, because it has another account by now.
    LockedByNotMe,
    /// The commands of an operator, `vestibule user …`.
    UserCreated,
    UserInvited,
    InvitationsListed,
    InvitationWithdrawn,
    UsersListed,
    UserShown,
    UserLocked,
    UserUnlocked,
    UserLoggedOut,
    UserFactorsReset,
    UserDeleted,
    Feature(&'static FeatureKind),
}

impl Kind {
    const ALL: [Self; 36] = [
        Self::RegistrationStarted,
        Self::AccountCreated,
        Self::LoggedIn,
        Self::LoggedInOnNewDevice,
        Self::LoginFailed,
        Self::SecondFactorFailed,
        Self::RecoveryCodeUsed,
        Self::OldestSessionEnded,
        Self::LoggedOut,
        Self::Reauthenticated,
        Self::ReauthenticationFailed,
        Self::Exported,
        Self::AccountDeleted,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::PasswordChanged,
        Self::PasswordChangeFailed,
        Self::RecoveryCodesMade,
        Self::ResetAsked,
        Self::PasswordReset,
        Self::EmailChangeAsked,
        Self::EmailChanged,
        Self::NotMe,
        Self::EmailRestored,
        Self::LockedByNotMe,
        Self::UserCreated,
        Self::UserInvited,
        Self::InvitationsListed,
        Self::InvitationWithdrawn,
        Self::UsersListed,
        Self::UserShown,
        Self::UserLocked,
        Self::UserUnlocked,
        Self::UserLoggedOut,
        Self::UserFactorsReset,
        Self::UserDeleted,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The stored name: dotted like the path, or the command, where it happened.
    pub fn name(self) -> &'static str {
        match self {
            Self::RegistrationStarted => "register",
            Self::AccountCreated => "email.verify",
            Self::LoggedIn => "login",
            Self::LoggedInOnNewDevice => "login.new-device",
            Self::LoginFailed => "login.failed",
            Self::SecondFactorFailed => "login.second-factor.failed",
            Self::RecoveryCodeUsed => "login.recovery-code",
            Self::OldestSessionEnded => "login.oldest-ended",
            Self::LoggedOut => "logout",
            Self::Reauthenticated => "sudo",
            Self::ReauthenticationFailed => "sudo.failed",
            Self::Exported => "account.export",
            Self::AccountDeleted => "account.delete",
            Self::SessionEnded => "account.sessions.revoke",
            Self::OtherSessionsEnded => "account.sessions.revoke-others",
            Self::PasswordChanged => "account.password",
            Self::PasswordChangeFailed => "account.password.failed",
            Self::RecoveryCodesMade => "account.recovery-codes",
            Self::ResetAsked => "password.reset.asked",
            Self::PasswordReset => "password.reset",
            Self::EmailChangeAsked => "account.email",
            Self::EmailChanged => "email.change",
            Self::NotMe => "not-me",
            Self::EmailRestored => "not-me.email-restored",
            Self::LockedByNotMe => "not-me.locked",
            Self::UserCreated => "user.create",
            Self::UserInvited => "user.invite",
            Self::InvitationsListed => "user.invitations",
            Self::InvitationWithdrawn => "user.withdraw",
            Self::UsersListed => "user.list",
            Self::UserShown => "user.show",
            Self::UserLocked => "user.lock",
            Self::UserUnlocked => "user.unlock",
            Self::UserLoggedOut => "user.log-out",
            Self::UserFactorsReset => "user.reset-factors",
            Self::UserDeleted => "user.delete",
            Self::Feature(kind) => kind.name,
        }
    }

    /// The name in the log, in the style of the OWASP Logging Vocabulary Cheat Sheet.
    pub(super) fn owasp_name(self) -> &'static str {
        match self {
            Self::RegistrationStarted => "user_registration_started",
            Self::AccountCreated => "user_created",
            Self::LoggedIn | Self::LoggedInOnNewDevice => "authn_login_success",
            Self::LoginFailed => "authn_login_fail",
            Self::SecondFactorFailed => "authn_second_factor_fail",
            Self::RecoveryCodeUsed => "authn_recovery_code_used",
            Self::UserFactorsReset => "authn_second_factor_removed",
            Self::RecoveryCodesMade => "authn_recovery_codes_replaced",
            Self::LoggedOut => "authn_logout",
            Self::Reauthenticated => "authn_reauthentication_success",
            Self::ReauthenticationFailed => "authn_reauthentication_fail",
            Self::Exported => "user_data_exported",
            Self::AccountDeleted => "user_deleted",
            Self::SessionEnded | Self::OtherSessionsEnded | Self::OldestSessionEnded => {
                "session_revoked"
            }
            Self::PasswordChanged => "authn_password_change",
            Self::PasswordChangeFailed => "authn_password_change_fail",
            Self::ResetAsked => "authn_password_reset_asked",
            Self::PasswordReset => "authn_password_change",
            Self::EmailChangeAsked => "user_email_change_asked",
            Self::EmailChanged => "user_email_change",
            Self::NotMe => "user_repudiated_change",
            Self::EmailRestored => "user_email_restored",
            Self::LockedByNotMe => "user_locked",
            Self::UserCreated => "user_created",
            Self::UserInvited => "user_invited",
            Self::InvitationsListed => "invitations_listed",
            Self::InvitationWithdrawn => "invitation_withdrawn",
            Self::UsersListed => "users_listed",
            Self::UserShown => "user_shown",
            Self::UserLocked => "user_locked",
            Self::UserUnlocked => "user_unlocked",
            Self::UserLoggedOut => "session_revoked",
            Self::UserDeleted => "user_deleted",
            Self::Feature(kind) => kind.owasp_name,
        }
    }

    pub(super) fn is_alarming(self) -> bool {
        match self {
            Self::LoginFailed
            | Self::SecondFactorFailed
            | Self::RecoveryCodeUsed
            | Self::ReauthenticationFailed
            | Self::PasswordChangeFailed
            | Self::NotMe
            | Self::EmailRestored
            | Self::LockedByNotMe => true,
            Self::Feature(kind) => kind.is_alarming,
            _ => false,
        }
    }
}
