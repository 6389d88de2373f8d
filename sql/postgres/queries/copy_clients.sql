-- Clients that changed since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select client_id, name, time_zone, week_start, currency, locale, outlier_multiple
from clients
where xid >= current_setting('daybook.copy_from')::xid8
