-- Accounts. A row exists only once its email address is verified; until then, the sign-up is a
-- row in registrations. Written by src/accounts/user.rs and the files in its folder.
create table users (
    id uuid primary key,
    -- As the person typed it, with the domain in lower case. Emails for the account go here; after
    -- a change, a notice also goes to the old address.
    email text not null,
    -- The form in which email addresses are compared (`Email::canonical`): one account for each.
    email_canonical text not null unique,
    -- A PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash
    password_hash text not null,
    -- Incremented by every credential change. A session keeps the value it began with and is
    -- valid only while both are equal. So a login that is in flight during the change fails too.
    session_epoch integer not null default 0,
    -- Set by "this wasn't me": the password is invalid until the owner resets it by email.
    reset_required_at timestamptz,
    -- Set by an operator, or by "this wasn't me" when it could not restore the email address:
    -- logins fail, and every session of this user is invalid.
    locked_at timestamptz,
    created_at timestamptz not null default now(),
    password_changed_at timestamptz not null default now()
);
