-- One-time links and codes that go out by mail. Written by src/accounts/token.rs alone.
create table tokens (
    -- Names the attempt that asked for it, in that browser's sealed cookie. Opens nothing.
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    purpose text not null check (purpose in ('verify', 'reset', 'not_me')),
    -- SHA-256 of 256 random bits. The token itself is in the mail and nowhere else.
    token_hash bytea not null unique check (length(token_hash) = 32),
    -- HMAC of the 8-character code beside the link: 40 bits could be guessed from a bare digest.
    code_mac bytea,
    -- Wrong codes so far; counted before they are compared.
    attempts integer not null default 0,
    -- Where it was sent: a token for an address that is no longer the account's opens nothing.
    email_canonical text not null,
    -- The password chosen with the registration that asked for this mail. It counts from the
    -- moment its own link or code comes back, so nobody's earlier guess of the address does.
    password_hash text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create index tokens_user_id on tokens (user_id, purpose);
create index tokens_email_canonical on tokens (email_canonical) where code_mac is not null;
create index tokens_expires_at on tokens (expires_at);
