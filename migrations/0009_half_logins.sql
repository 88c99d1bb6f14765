-- Logins that have passed their first factor and wait for the second one. Written only by
-- src/accounts/half_login.rs. The session of a visitor who is not logged in names the row.
create table half_logins (
    -- Random, and only in the state of one session.
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    -- users.session_epoch when the first factor was verified.
    user_epoch integer not null,
    -- What the login form asked for: "stay logged in", and the path afterwards.
    remembered boolean not null,
    next text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '5 minutes'
);

create index half_logins_user_id on half_logins (user_id);
create index half_logins_expires_at on half_logins (expires_at);
