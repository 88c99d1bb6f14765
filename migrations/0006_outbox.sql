-- Emails that wait to be sent, and how the finished ones ended. Written only by src/mail/outbox.rs.
-- A row is inserted in the transaction of the change that it reports, so neither is committed
-- without the other.
create table outbox (
    -- Also the first part of the Message-ID, which is the same when an email is sent twice.
    id uuid primary key,
    -- Dotted like the path of the page that wrote it: password.reset, email.verify …
    kind text not null,
    -- The email address stored with the account, registration or token, never one from a form.
    recipient text not null,
    -- The account, if there is one, so that its deletion also finds emails to an earlier address.
    -- No foreign key: that would need an index, and only a deletion and a change of email read the
    -- column.
    user_id uuid,
    -- Subject and body may hold a valid link or code, so both are erased as soon as the email is
    -- finished.
    subject text,
    body text,
    created_at timestamptz not null default now(),
    -- How often the email was claimed. Also the fencing token: the app ignores a report that
    -- carries an older value.
    attempts integer not null default 0,
    -- When the email may be claimed. A claim sets this to 5 minutes from now, and again every
    -- minute while the attempt lasts. So when an instance dies, the email is due again within 5
    -- minutes. No lock is held meanwhile.
    due_at timestamptz not null default now(),
    -- The email is not sent after this: its link has expired, or it is a day old.
    expires_at timestamptz not null,
    -- Why the last attempt failed, as reported by the mail server or the connection to it.
    problem text,
    finished_at timestamptz,
    -- sent; rejected: permanently rejected by the mail server; expired: not sent before
    -- expires_at; discarded: a decoy, inserted where no email may be sent, so that timing does not
    -- reveal accounts; or an email to an account that was deleted.
    outcome text check (outcome in ('sent', 'rejected', 'expired', 'discarded')),
    check ((finished_at is null) = (outcome is null)),
    check ((finished_at is null) = (body is not null)),
    check ((subject is null) = (body is null))
);

create index outbox_due_at on outbox (due_at) where finished_at is null;
-- For the outcome of the last email to an email address.
create index outbox_recipient on outbox (recipient, finished_at desc) where finished_at is not null;
-- For pruning.
create index outbox_created_at on outbox (created_at);
