-- The newest reprice of each event whose cost one changed, as the books hold
-- it, and the day that the event counts on.
-- grain: client_id, event_id
-- params: none
create table if not exists raw.cost_adjustments (
    client_id varchar not null,
    event_id varchar not null,
    adjustment_id bigint not null,
    new_cost decimal(38, 18),
    new_computed_cost decimal(38, 18),
    new_cost_status varchar not null,
    currency varchar not null,
    occurred_at timestamptz not null,
    business_date date not null
)
