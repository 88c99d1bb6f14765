-- Links and codes that are sent by email. Written by src/accounts/token.rs alone.
create table tokens (
    -- SHA-256 of 256 random bits. The token itself is in the email and nowhere else.
    token_hash bytea primary key check (length(token_hash) = 32),
    purpose text not null check (purpose in ('verify', 'reset', 'not_me')),
    -- What the token belongs to: a registration for 'verify', a user for the rest. Neither: a
    -- decoy. A reset for an address without an account writes one, so that both cost the same.
    user_id uuid references users on delete cascade,
    registration_id uuid references registrations on delete cascade,
    -- Where it was sent. A user's token is invalid once the account has another email address.
    email_canonical text not null,
    -- HMAC of the 8-character code beside the link: a plain digest of 40 bits could be guessed.
    code_mac bytea,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check (user_id is null or registration_id is null),
    check (registration_id is null or purpose = 'verify')
);

create index tokens_user_id on tokens (user_id, purpose);
create index tokens_registration_id on tokens (registration_id);
create index tokens_expires_at on tokens (expires_at);
