-- After a backup was restored: makes invalid again what has ended since the backup, such as
-- sessions after a logout and reset links that were used. Everybody logs in again. Run it as
-- vestibule_owner before the app starts. docs/operations.md has the steps, and says what remains.
--
--   psql --no-psqlrc --single-transaction --set ON_ERROR_STOP=1 --file=deploy/after-restore.sql
--
-- PGHOST, PGDATABASE, PGUSER and PGPASSWORD say where. As an argument, the password would be
-- visible to every user of the machine.

-- Sessions, known devices, and logins that wait for a second factor or a passkey.
delete from sessions;
delete from half_logins;
delete from passkey_challenges;
delete from devices;
update users set session_epoch = session_epoch + 1;

-- Links and codes in emails, with the sign-ups and invitations behind some of them: an invitation
-- that was withdrawn since the backup would create an account.
delete from registrations;
delete from tokens;

-- Emails that waited at the time of the backup have been sent, or are too old.
delete from outbox where finished_at is null;

-- Recovery codes that were used since the backup would work again. Nobody knows which ones they are,
-- so all are deleted: the account page advises their users to make new ones.
delete from recovery_codes;
