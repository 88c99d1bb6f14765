-- Links and codes that are sent by email. Written only by src/accounts/token.rs.
create table tokens (
    -- SHA-256 of the token, 256 random bits. The token itself is only in the email, and so in
    -- outbox.body until that is erased.
    token_hash bytea primary key check (length(token_hash) = 32),
    purpose text not null check (purpose in ('verify', 'reset', 'change_email', 'not_me')),
    -- The owner: a registration for 'verify', a user for the others. Neither: a decoy, inserted
    -- where no email may be sent, so that both cases run the same statements.
    user_id uuid references users on delete cascade,
    registration_id uuid references registrations on delete cascade,
    -- Where it was sent. A reset token is invalid once the account has another email address. A
    -- change_email token makes this the email address of the account; a not_me token restores it.
    email text not null,
    -- HMAC of the 8-character code in the same email. A code has only 40 bits, so an attacker with
    -- a stolen dump could find it from a plain hash.
    code_mac bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check (user_id is null or registration_id is null),
    check (registration_id is null or purpose = 'verify')
);

create index tokens_user_id on tokens (user_id, purpose);
create index tokens_registration_id on tokens (registration_id);
create index tokens_expires_at on tokens (expires_at);
