-- Registrations that wait for their email address to be verified. Written by
-- src/accounts/registration.rs alone. Several rows may name the same address: with one row for
-- each address, a second registrant could replace the password that the first one chose. A row is
-- written for an address that has an account too, so that both cost the same statements.
create table registrations (
    -- In the encrypted cookie of the browser that registered. Grants nothing by itself.
    id uuid primary key,
    email text not null,
    email_canonical text not null,
    -- The password chosen in the registering browser, as a PHC string. Null: none was chosen (an
    -- operator's invitation), or the address has been confirmed since.
    password_hash text,
    -- Set on every registration of an address when one of them is confirmed. The rows stay until
    -- they expire, so that a link that is opened again says so.
    confirmed_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check (confirmed_at is null or password_hash is null)
);

create index registrations_email_canonical on registrations (email_canonical);
-- For pruning.
create index registrations_expires_at on registrations (expires_at);
