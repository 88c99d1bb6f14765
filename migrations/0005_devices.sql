-- Browsers that have logged in to an account before, recognised by the __Host-device cookie.
-- Written only by src/accounts/device.rs. One browser can be known to several accounts.
create table devices (
    -- SHA-256 of the value in the cookie. 256 random bits need no salt.
    token_hash bytea not null check (length(token_hash) = 32),
    user_id uuid not null references users on delete cascade,
    last_used_at timestamptz not null default now(),
    primary key (token_hash, user_id)
);

create index devices_user_id on devices (user_id);
-- No index for pruning: there are few rows, and every login writes one (docs/queries.md).
