-- What happened to an account, for its owner to read. Written by src/accounts/audit.rs alone,
-- which only inserts, and prunes what is older than AUDIT_RETENTION.
create table audit_events (
    id bigint generated always as identity primary key,
    -- Null once the account is gone: the event stays, the person does not.
    user_id uuid references users on delete set null,
    -- Dotted like the address where it happened: login, account.password …
    kind text not null,
    address inet,
    user_agent text not null default '',
    created_at timestamptz not null default now()
);

-- For one account's events, and for its end, which sets user_id to null.
create index audit_events_user_id on audit_events (user_id);
-- For pruning. Rows come in the order of their time, so a range of blocks is found without an entry
-- for each row.
create index audit_events_created_at on audit_events using brin (created_at);
