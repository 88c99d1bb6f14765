-- Browsers that have logged in before, by their __Host-device cookie. Written by
-- src/accounts/device.rs alone. One browser may know several accounts.
create table devices (
    -- SHA-256 of the cookie's value. 256 random bits need no salt.
    token_hash bytea not null check (length(token_hash) = 32),
    user_id uuid not null references users on delete cascade,
    last_used_at timestamptz not null default now(),
    primary key (token_hash, user_id)
);

create index devices_user_id on devices (user_id);
-- None for pruning: every login moves last_used_at.
