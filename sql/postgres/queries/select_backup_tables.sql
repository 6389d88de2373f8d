-- Every table of the books that a backup holds, its columns, and whether the reader sees all its rows.
-- params: none.
-- why: usage_events_whole is what usage_events was before it was made a table of parts. Transaction
-- numbers mean nothing on another server; rows get new ones where they are restored.
select
    pg_class.relname as name,
    array(
        select attname::text
        from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped
            and attgenerated = '' and atttypid <> 'xid8'::regtype
        order by attnum
    ) as columns,
    not pg_class.relrowsecurity
    or exists (
        select from pg_policy
        where polrelid = pg_class.oid and polname = 'owner_keeps'
            and polroles = array[(select oid from pg_roles where rolname = current_user)]
    )
    or (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as is_seen
from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
    and relname not in ('schema_migrations', 'usage_events_whole')
order by pg_class.relname
