-- Registrations: sign-ups before their email address is verified, and for a while after. Written
-- only by src/accounts/registration.rs. Several rows can hold the same email address: with one row
-- for each, a second person could replace the password that the first one chose. A row is also
-- inserted if an account exists already, so that both cases run the same statements.
create table registrations (
    -- Kept in the encrypted cookie of the browser that registered. Grants nothing by itself.
    id uuid primary key,
    email text not null,
    email_canonical text not null,
    -- The password chosen in the registering browser, as a PHC string. Null: an operator's
    -- invitation, or the email address has been verified since.
    password_hash text,
    -- Set on every pending registration of an email address when one of them is confirmed. The
    -- rows stay until they expire, so that a second click on a link shows "Already confirmed".
    confirmed_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check (confirmed_at is null or password_hash is null)
);

create index registrations_email_canonical on registrations (email_canonical);
-- For pruning.
create index registrations_expires_at on registrations (expires_at);
