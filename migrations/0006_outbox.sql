-- Mails on their way, and what became of them. Written by src/mail/outbox.rs alone. A row is
-- written in the transaction of the change that it tells of: no change without its mail, no mail
-- without its change.
create table outbox (
    -- Also the Message-ID, so that a mail that went out twice is recognised as one.
    id uuid primary key,
    -- Dotted like the address of the page that wrote it: password.reset, email.verify …
    kind text not null,
    -- As stored with the account, never as a form sent it.
    recipient text not null,
    subject text not null,
    -- May hold a live link or code, so it is erased as soon as nothing will be sent any more.
    body text,
    created_at timestamptz not null default now(),
    -- How often the mail was taken up for sending.
    attempts integer not null default 0,
    -- When it is taken up next. Whoever takes it moves this on by more than sending can last:
    -- if that instance dies, the mail is due again by itself, and no lock was held meanwhile.
    due_at timestamptz not null default now(),
    -- Nothing is sent after this: the link in it has expired, or it is a day old.
    expires_at timestamptz not null,
    -- Why the last attempt failed, in the words of the other side.
    problem text,
    finished_at timestamptz,
    -- sent; refused: for good, by the server of this recipient; expired: not sent
    -- before expires_at; discarded: a decoy, written for an address that no mail goes to.
    outcome text check (outcome in ('sent', 'refused', 'expired', 'discarded')),
    check ((finished_at is null) = (outcome is null)),
    check ((finished_at is null) = (body is not null))
);

create index outbox_due_at on outbox (due_at) where finished_at is null;
-- What became of the last mail to an address.
create index outbox_recipient on outbox (recipient, finished_at desc) where finished_at is not null;
-- For pruning.
create index outbox_created_at on outbox (created_at);
