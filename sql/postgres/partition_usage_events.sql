-- Makes usage_events a table of 16 parts by client, with all that belongs to it: keys, indexes, policies,
-- grants, triggers and the views on it. For books at rest, as the owner, in one transaction; what it
-- was stays as usage_events_whole until it is dropped. The README says when that pays.
do $$
declare
    whole constant regclass := 'usage_events'::regclass;
    statements text[] := '{}';
    statement text;
    part integer;
begin
    -- What belongs to the table by its number is written down as text, and said again of the new one.
    with said as (
        select format(
            'create or replace view %s with (%s) as %s',
            view.oid::regclass, array_to_string(view.reloptions, ', '), pg_get_viewdef(view.oid)
        ) as text
        from pg_class as view
        where view.oid in (
            select rewrite.ev_class
            from pg_depend as depend
            inner join pg_rewrite as rewrite on rewrite.oid = depend.objid
            where depend.refobjid = whole and depend.classid = 'pg_rewrite'::regclass
        )
        union all
        select format(
            'alter table %s add constraint %I %s',
            conrelid::regclass, conname, pg_get_constraintdef(oid)
        )
        from pg_constraint
        where contype = 'f' and (conrelid = whole or confrelid = whole)
        union all
        select format('comment on table usage_events is %L', obj_description(whole, 'pg_class'))
        union all
        select pg_get_triggerdef(oid)
        from pg_trigger
        where tgrelid = whole and not tgisinternal
        union all
        select format(
            'create policy %I on usage_events for %s to %s%s%s',
            policyname, cmd, array_to_string(roles, ', '),
            ' using (' || qual || ')', ' with check (' || with_check || ')'
        )
        from pg_policies
        where tablename = 'usage_events' and schemaname = current_schema()
        union all
        select format(
            'alter policy %I on %s%s%s', policy.polname, policy.polrelid::regclass,
            ' using (' || pg_get_expr(policy.polqual, policy.polrelid) || ')',
            ' with check (' || pg_get_expr(policy.polwithcheck, policy.polrelid) || ')'
        )
        from pg_policy as policy
        where policy.polrelid <> whole and policy.oid in (
            select objid
            from pg_depend
            where refobjid = whole and classid = 'pg_policy'::regclass
        )
        union all
        select format('grant %s on usage_events to %I', privilege_type, grantee)
        from information_schema.role_table_grants
        where table_name = 'usage_events' and grantee <> current_user
        union all
        select format('grant %s (%I) on usage_events to %I', privilege_type, column_name, grantee)
        from information_schema.role_column_grants
        where table_name = 'usage_events' and grantee <> current_user
    )
    select array_agg(text) into statements from said;

    for statement in
        select format('alter table %s drop constraint %I', conrelid::regclass, conname)
        from pg_constraint
        where contype = 'f' and confrelid = whole
    loop
        execute statement;
    end loop;
    alter table usage_events rename to usage_events_whole;
    alter table usage_events_whole no force row level security;
    create table usage_events (like usage_events_whole including all)
        partition by hash (client_id);
    for part in 0..15 loop
        execute format(
            'create table usage_events_%s partition of usage_events
             for values with (modulus 16, remainder %s)',
            part, part
        );
    end loop;
    insert into usage_events select * from usage_events_whole;
    foreach statement in array statements loop
        execute statement;
    end loop;
    alter table usage_events enable row level security;
    alter table usage_events force row level security;
    -- A trigger is told the name of the part; the tombstone is to name the table.
    if strpos(pg_get_functiondef('bury_row'::regproc), 'pg_inherits') = 0 then
        execute replace(
            pg_get_functiondef('bury_row'::regproc),
            'tg_table_name',
            'coalesce((select inhparent::regclass::text from pg_inherits '
                'where inhrelid = tg_relid), tg_table_name)'
        );
    end if;
end $$;
