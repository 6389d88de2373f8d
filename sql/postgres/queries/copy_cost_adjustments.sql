-- The newest adjustment of each event that was repriced since the last copy; daybook.copy_from is
-- its horizon.
-- params: none (COPY takes none; the horizon is a transaction setting).
-- why: the newest of all, for one that commits late may be older than one that was copied. An
-- adjustment counts on the day of its event.
with repriced as (
    select distinct client_id, event_id
    from cost_adjustments
    where xid >= current_setting('daybook.copy_from')::xid8
)

select distinct on (adjustments.client_id, adjustments.event_id)
    adjustments.client_id, adjustments.event_id, adjustments.adjustment_id, adjustments.new_cost,
    adjustments.new_computed_cost, adjustments.new_cost_status, adjustments.currency,
    events.occurred_at
from repriced
inner join cost_adjustments as adjustments
    on adjustments.client_id = repriced.client_id and adjustments.event_id = repriced.event_id
inner join usage_events as events
    on events.client_id = repriced.client_id and events.event_id = repriced.event_id
order by adjustments.client_id, adjustments.event_id, adjustments.adjustment_id desc
