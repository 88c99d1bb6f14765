-- Recovery codes: each replaces the second factor once. Written only by
-- src/accounts/recovery_codes.rs, which deletes a code when it is used.
create table recovery_codes (
    user_id uuid not null references users on delete cascade,
    -- SHA-256 of the code. 125 random bits need no salt.
    code_hash bytea not null check (length(code_hash) = 32),
    created_at timestamptz not null default now(),
    primary key (user_id, code_hash)
);
