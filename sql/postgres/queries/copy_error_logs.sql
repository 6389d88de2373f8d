-- Errors that were written since the last copy, without their words; daybook.copy_from is its
-- horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select client_id, error_id, error_type, is_critical, occurred_at
from error_logs
where xid >= current_setting('daybook.copy_from')::xid8 and client_id is not null
