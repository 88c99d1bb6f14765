-- Projects of users: the worked example of a table of your own. Written only by src/projects.rs.
create table projects (
    -- UUIDv7, which begins with the time: newer projects have greater IDs. In the project's URLs.
    id uuid primary key,
    -- Deleting the account deletes its projects.
    user_id uuid not null references users on delete cascade,
    name text not null,
    notes text not null,
    status text not null check (status in ('planned', 'active', 'done')),
    due_on date,
    -- In whole euros.
    budget bigint not null check (budget >= 0),
    -- Counts the changes. An edit names the version that it began with (optimistic locking).
    version integer not null default 1
);

-- A page of the list is one range of this index.
create index projects_user_id_id on projects (user_id, id);
