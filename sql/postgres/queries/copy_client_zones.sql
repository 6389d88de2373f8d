-- Zones of clients that were added since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select client_id, effective_from, time_zone
from client_zones
where xid >= current_setting('daybook.copy_from')::xid8
