-- The columns that number rows, each with its sequence.
-- params: none.
select
    columns.table_name::text as table_name, columns.column_name::text as column_name,
    pg_get_serial_sequence(
        quote_ident(columns.table_name), columns.column_name::text
    ) as sequence
from information_schema.columns
where columns.table_schema = 'public' and columns.is_identity = 'YES'
order by columns.table_name, columns.column_name
