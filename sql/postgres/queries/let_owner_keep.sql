-- Lets the owner of each tenant table see all of it: who backs up, restores and erases is the owner,
-- whom forced row security holds too. It opens nothing to any role that serves.
-- params: none.
-- why: for every table, also those of later migrations; run after them.
do $$
declare
    tenant record;
begin
    for tenant in
        select pg_class.oid::regclass as name, pg_get_userbyid(pg_class.relowner) as owner
        from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
            and not relispartition and relrowsecurity
            and not exists (
                select from pg_policy
                where polrelid = pg_class.oid and polname = 'owner_keeps'
            )
    loop
        execute format(
            'create policy owner_keeps on %s to %I using (true) with check (true)',
            tenant.name, tenant.owner
        );
    end loop;
end $$
