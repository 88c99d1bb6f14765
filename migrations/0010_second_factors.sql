-- The second factors of accounts, one row each. What verifies a factor is in the table of its kind,
-- whose row PostgreSQL deletes with this one. Written only by src/accounts/second_factor.rs.
create table second_factors (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    -- `Factor::kind` of a file in src/web/factors/: totp or passkey.
    kind text not null,
    created_at timestamptz not null default now(),
    -- The row of a kind names the same user.
    unique (id, user_id)
);

create index second_factors_user_id on second_factors (user_id);
