-- Creates the database and its two roles: vestibule_owner owns the tables and runs the migrations,
-- vestibule_app reads and writes rows, and nothing else. docs/data.md explains them. As a superuser:
--
--   psql --no-psqlrc <deploy/roles.sql
--
-- It reads both passwords from the environment: OWNER_PASSWORD and APP_PASSWORD.
-- compose.production.yaml runs this file when it creates the database. `\getenv` needs psql 15.
-- A second run fails at the first role, and changes nothing: no password either.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
\if :{?app_password}
\else
\warn 'OWNER_PASSWORD and APP_PASSWORD must be in the environment of psql: see docs/data.md'
\endif

-- The next statements contain the passwords, so the server must not log them: neither as statements,
-- nor as slow ones, nor because they fail.
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
create role vestibule_owner login password :'owner_password';
create role vestibule_app login password :'app_password';
create database vestibule owner vestibule_owner;
revoke all on database vestibule from public;
grant connect on database vestibule to vestibule_app;

\connect vestibule
-- Before PostgreSQL 15, every role may create tables in this schema.
revoke all on schema public from public;
grant create, usage on schema public to vestibule_owner;
grant usage on schema public to vestibule_app;
-- For the tables of all future migrations.
alter default privileges for role vestibule_owner in schema public
    grant select, insert, update, delete on tables to vestibule_app;
