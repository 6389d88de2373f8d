-- The foreign keys of the books, as statements would make them.
-- params: none.
select
    conrelid::regclass::text as table_name, conname::text as name,
    pg_get_constraintdef(pg_constraint.oid) as definition
from pg_constraint
inner join pg_class on pg_class.oid = pg_constraint.conrelid
where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace
    and not pg_class.relispartition
order by conrelid::regclass::text, conname
