-- What happened to an account: logins, failed attempts, credential changes. Written only by
-- src/accounts/audit.rs, which inserts events, prunes those older than AUDIT_RETENTION, and
-- anonymises those of a deleted account.
create table audit_events (
    id bigint generated always as identity primary key,
    -- Null if no account was found. Deleting an account sets it and address to null and keeps the
    -- event.
    user_id uuid references users on delete set null,
    -- Dotted like the path where it happened: login, account.password …
    kind text not null,
    address inet,
    user_agent text not null default '',
    created_at timestamptz not null default now()
);

-- For the events of one account, newest first, and for its deletion, which sets user_id to null.
create index audit_events_user_id on audit_events (user_id, id);
-- For pruning. Rows are inserted in the order of their time, so a BRIN index finds the range of
-- blocks without an entry for each row.
create index audit_events_created_at on audit_events using brin (created_at);
