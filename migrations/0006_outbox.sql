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
    -- How often the mail was claimed. Also the fencing token: reports with an older value are ignored.
    attempts integer not null default 0,
    -- When it is taken up next. An instance that claims the mail moves this 5 minutes on, and again
    -- every minute while the attempt lasts. If the instance dies, the mail is due again within 5
    -- minutes; no lock is held.
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
