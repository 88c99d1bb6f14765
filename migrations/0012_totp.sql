-- The secrets that accounts share with their authenticator apps (RFC 6238). Written only by
-- src/accounts/totp.rs.
create table totp (
    id uuid primary key,
    user_id uuid not null unique,
    -- 160 random bits, encrypted with AES-256-GCM for this user: verifying a code needs the secret
    -- itself, so a hash would not do, and a stolen dump must not contain it.
    encrypted_secret bytea not null,
    -- Names the key that encrypted it. `vestibule key reseal` encrypts it with the newest one.
    key_name text not null,
    -- The end of the newest time step whose code was accepted. Codes of earlier steps are invalid,
    -- so no code is accepted twice (RFC 6238, section 5.2).
    used_until timestamptz not null,
    foreign key (id, user_id) references second_factors (id, user_id) on delete cascade
);

create index totp_key_name on totp (key_name);
