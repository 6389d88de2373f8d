-- One row per event and reprice that changed its cost, as the books hold it.
-- grain: client_id, adjustment_id
-- params: none
create table if not exists raw.cost_adjustments (
    client_id varchar not null,
    adjustment_id bigint not null,
    event_id varchar not null,
    new_cost decimal(38, 18),
    new_computed_cost decimal(38, 18),
    new_cost_status varchar not null,
    currency varchar not null
)
