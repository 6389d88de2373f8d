-- Appends what a reprice changed; the events stay as they are.
-- params: $1 client, $2 reprice id, $3 recorded at, then one array per column.
insert into cost_adjustments (
    client_id, reprice_id, recorded_at, event_id, old_cost, old_cost_status,
    new_cost, new_computed_cost, new_cost_status, currency, price_card_id, reason
)
select $1, $2, $3, changes.*
from unnest(
    $4::text[], $5::numeric[], $6::text[], $7::numeric[], $8::numeric[], $9::text[],
    $10::text[], $11::bigint[], $12::text[]
) as changes
