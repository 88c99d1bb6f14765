-- Sessions, a row for each cookie. Written only by src/accounts/session.rs and files in its folder.
create table sessions (
    -- Stays the same when the session ID is rotated, so a table of yours can refer to it. Never
    -- shown.
    id uuid primary key,
    -- SHA-256 of the session ID. Only the browser's cookie holds the ID itself, encrypted, so a
    -- stolen dump contains no usable ID. A random ID of 381 bits needs no salt.
    id_hash bytea not null unique check (length(id_hash) = 32),
    -- The hash before the last rotation. The app rejects that ID. The column identifies a request
    -- that raced with the rotation, so that its response does not remove the new cookie.
    previous_id_hash bytea unique,
    -- In the URL that ends a session of one's own. Reveals nothing about the session ID.
    public_id uuid not null default gen_random_uuid(),
    -- Null: an anonymous session, for values of a visitor who has not logged in.
    user_id uuid references users on delete cascade,
    -- users.session_epoch when the user authenticated.
    user_epoch integer,
    -- CSRF tokens are bound to this random value. A login and a credential change replace it.
    csrf_binding bytea not null,
    created_at timestamptz not null default now(),
    -- Updated at most once a minute, or once in a tenth of a shorter idle timeout. Never indexed,
    -- so that the update stays a cheap HOT update.
    last_seen_at timestamptz not null default now(),
    -- The idle timeout, chosen at login.
    idle_timeout interval not null,
    -- The absolute timeout. Activity does not move it.
    ends_at timestamptz not null,
    -- The last login, verified email address, re-authentication or password change in this session.
    -- Not a change of email: its link proves the mailbox, and no password is typed.
    authenticated_at timestamptz,
    -- "Stay logged in on this device": the cookie is kept when the browser is closed.
    remembered boolean not null default false,
    -- When the user last proved a second factor in this session: at the login, in sudo mode, or
    -- when it was set up. Null: never.
    second_factor_at timestamptz,
    address inet,
    user_agent text not null default '',
    -- Small values of the app, such as a note or a flash. Not for counters or for what may be used
    -- once: it is read and written as a whole, so of two concurrent requests the later write wins.
    state jsonb not null default '{}',
    check ((user_id is null) = (user_epoch is null)),
    check ((user_id is null) = (authenticated_at is null))
) with (fillfactor = 85);

create index sessions_user_id on sessions (user_id) where user_id is not null;

-- No index for pruning: expiry depends on last_seen_at, and an index on that would make each of its
-- updates as expensive as an insert. Reading a million rows takes 0.2 to 0.3 s (docs/queries.md).
