-- People with an account. A row exists only once its email address is verified; before that
-- there is a row in registrations. Written by src/accounts/user.rs and the files below it.
create table users (
    id uuid primary key,
    -- As the person typed it (domain in lower case): mail goes here, and only here.
    email text not null,
    -- What makes two addresses the same one: `Email::canonical`. Uniqueness is decided here.
    email_canonical text not null unique,
    -- A PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash
    password_hash text not null,
    -- Goes up with every change of a credential. A session remembers the value it began with
    -- and ends when the two differ, even one whose login was on its way at that moment.
    session_epoch integer not null default 0,
    -- Set by "this was not me": the password opens nothing until it was reset by mail.
    reset_required_at timestamptz,
    -- Set: nobody gets in, and every session of this user is over.
    locked_at timestamptz,
    created_at timestamptz not null default now(),
    password_changed_at timestamptz not null default now()
);
