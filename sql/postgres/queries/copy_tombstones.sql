-- Rows that were deleted from the books since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select client_id, table_name, key[1] as key
from tombstones
where xid >= current_setting('daybook.copy_from')::xid8
