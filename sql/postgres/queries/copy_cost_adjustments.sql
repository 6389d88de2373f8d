-- Adjustments that were written since the last copy; daybook.copy_from is its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
select
    client_id, adjustment_id, event_id, new_cost, new_computed_cost, new_cost_status, currency
from cost_adjustments
where xid >= current_setting('daybook.copy_from')::xid8
