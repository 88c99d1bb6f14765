-- Sessions: what the cookie points to. Written by src/accounts/session.rs and its folder alone.
create table sessions (
    -- Stays the same when the session ID is renewed, so other rows can refer to it. Never shown.
    id uuid primary key,
    -- SHA-256 of the session ID. The ID itself is in the browser's cookie and nowhere else,
    -- so a stolen dump opens no session. 381 bits of input need no salt.
    id_hash bytea not null unique check (length(id_hash) = 32),
    -- The hash before the last renewal. It opens nothing. It only tells a tab that raced
    -- with the renewal from a stranger, so that its answer leaves the new cookie alone.
    previous_id_hash bytea unique,
    -- Names the session on pages and in addresses; tells nothing about the ID.
    public_id uuid not null default gen_random_uuid(),
    -- Null: a session of nobody, for what an app keeps for visitors who have not logged in.
    user_id uuid references users on delete cascade,
    -- users.session_epoch when the password was verified.
    user_epoch integer,
    -- What CSRF tokens are bound to; a new one at every change of authentication.
    csrf_binding bytea not null,
    created_at timestamptz not null default now(),
    -- Written at most once a minute and never indexed, so that a touch stays a cheap HOT update.
    last_seen_at timestamptz not null default now(),
    -- The idle timeout of this session, chosen at login.
    idle_timeout interval not null,
    -- The absolute timeout: no activity moves it.
    ends_at timestamptz not null,
    -- When the person last proved who they are.
    authenticated_at timestamptz,
    -- "Stay logged in on this device": the cookie outlives the browser.
    remembered boolean not null default false,
    address inet,
    user_agent text not null default '',
    -- The rest: small values of the app, a note, a flash. Not for counters or one-time secrets:
    -- it is read and written whole, so of two parallel requests the later one wins.
    state jsonb not null default '{}',
    check ((user_id is null) = (user_epoch is null)),
    check ((user_id is null) = (authenticated_at is null))
) with (fillfactor = 85);

create index sessions_user_id on sessions (user_id) where user_id is not null;

-- None for pruning: no index serves an end that depends on last_seen_at, and one on that would make
-- every touch as dear as an insert. Reading a million rows every 15 minutes takes 0.2 s.
