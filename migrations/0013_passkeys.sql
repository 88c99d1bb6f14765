-- Passkeys: public keys of authenticators (W3C Web Authentication). Written only by
-- src/accounts/passkey.rs. A passkey is removed by deleting its row in second_factors.
create table passkeys (
    -- In the URLs that rename and remove it.
    id uuid primary key,
    user_id uuid not null,
    -- Chosen by the authenticator. Unique, so no credential belongs to two accounts.
    credential_id bytea not null unique check (length(credential_id) <= 1023),
    -- What webauthn-rs needs to verify a signature: the public key and the sign count.
    credential jsonb not null,
    -- What the authenticator stores as the user: random, the same for all passkeys of an account.
    -- Not users.id, which contains the time when the account was created.
    user_handle uuid not null,
    name text not null,
    -- Whether the authenticator keeps a copy elsewhere, as it said when it was used last.
    backed_up boolean not null,
    last_used_at timestamptz,
    foreign key (id, user_id) references second_factors (id, user_id) on delete cascade
);

create index passkeys_user_id on passkeys (user_id);

-- Challenges that wait for the answer of an authenticator. Written only by
-- src/accounts/passkey/challenge.rs. A visitor has at most one.
create table passkey_challenges (
    -- SHA-256 of the random value that the CSRF tokens of the visitor are bound to.
    visitor_hash bytea primary key check (length(visitor_hash) = 32),
    -- login, sudo or add: an answer for one is invalid for another.
    purpose text not null,
    -- The state of webauthn-rs, with the challenge.
    state jsonb not null,
    expires_at timestamptz not null default now() + interval '5 minutes'
);

create index passkey_challenges_expires_at on passkey_challenges (expires_at);
