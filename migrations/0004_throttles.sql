-- Counters of attempts; an attempt is counted before it is evaluated. Written only by
-- src/throttle.rs and the files in its folder. docs/throttle.md explains the limits.
create table throttles (
    -- HMAC-SHA256 of action, scope and key, under a key derived from SECRET_KEYS. People
    -- sometimes type a password into the email field; a stolen dump must not allow guessing it.
    key_hash bytea primary key check (length(key_hash) = 32),
    -- For an operator who reads this table: the action (login, register …), and the scope
    -- in which it is counted (account, IP address …).
    action text not null,
    scope text not null,
    -- Attempts counted until counted_at, without forgotten ones. The wait grows with this number.
    failures integer not null default 0,
    -- Attempts counted since the last success. Time does not reduce this number.
    in_a_row integer not null default 0,
    counted_at timestamptz not null default now(),
    -- Attempts before this time are rejected. 'infinity': the key is locked out until a success
    -- that clears it, such as a login on a known device or a password reset.
    wait_until timestamptz not null default '-infinity',
    -- When the row can be pruned, because it no longer affects any attempt.
    forget_at timestamptz not null default now() + interval '1 hour'
) with (fillfactor = 85);

-- No index but the primary key, not even for pruning: every attempt moves forget_at, so an index on
-- it would prevent HOT updates and make each of them as expensive as an insert (docs/queries.md).
