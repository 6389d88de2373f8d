-- Whose tier a task counted in, and users that the warehouse copies, too.

-- Up Migration

alter table tasks add column tier text check (tier in ('free', 'premium', 'enterprise'));
comment on column tasks.tier is 'The tier of its sender when it was taken; a later one changes no past figure.';

-- Forced row security would hide the users from an owner who is no superuser.
alter table users no force row level security;
alter table users add column xid xid8 not null default pg_current_xact_id();
alter table users force row level security;
create index users_xid on users (xid);
create index sms_users_xid on sms_users (xid);
create trigger users_stamp_xid before update on users
    for each row execute function stamp_xid();
create trigger users_bury after delete on users
    for each row execute function bury_row('user_id');
grant select (xid) on users to daybook_analyst;
