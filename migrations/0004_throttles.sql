-- Attempts that are counted before they are looked at. Written by src/throttle/table.rs alone;
-- its `LIMITS` say how many are free and how long the wait grows.
create table throttles (
    -- HMAC-SHA256 of action, scope and subject under a key of SECRET_KEYS: what people type into
    -- an e-mail field, a password sometimes, cannot be guessed back out of a stolen dump.
    key_hash bytea primary key check (length(key_hash) = 32),
    -- For whoever looks in here: login, register …, and what is counted: account, address …
    action text not null,
    scope text not null,
    -- Failed attempts that are not forgotten yet, as of counted_at. The wait grows with them.
    failures integer not null default 0,
    -- The same without forgetting: only a success takes it back to 0.
    in_a_row integer not null default 0,
    counted_at timestamptz not null default now(),
    -- Nothing is let through before. 'infinity': no wait helps, only a success elsewhere.
    wait_until timestamptz not null default '-infinity',
    -- When this row has nothing more to say.
    forget_at timestamptz not null default now() + interval '1 hour'
) with (fillfactor = 85);

-- No index but the key, not even for pruning: every attempt moves forget_at, and an index on it would
-- make each of these updates as dear as an insert (HOT).
