-- The days that are kept by the hour: the last 40 of each client, today
-- included, by the instant of the last copy.
-- grain: client_id, business_date
-- params: none
with today as (
    select
        days.client_id,
        days.business_date
    from calendar.client_days as days
    inner join raw.copy_state as copy_state
        on copy_state.as_of >= days.starts_at
        and copy_state.as_of < days.ends_at
)

select
    days.client_id,
    days.business_date
from calendar.client_days as days
inner join today on days.client_id = today.client_id
where days.business_date > today.business_date - 40
