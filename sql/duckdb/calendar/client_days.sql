-- One row per client and business day: its bounds in UTC, and the week, month
-- and quarter that hold it.
-- grain: client_id, business_date
-- params: none
-- why: a client that changes its zone counts days in the new one from a date
-- on; the day before ends where that one begins, so that no instant is in two
-- days or in none. A day that a zone left out (Samoa, 30 December 2011) has no
-- length and can hold nothing; nor can one that the next overtakes, for clocks
-- differ by up to 26 hours.
with zones as (
    select
        client_id,
        time_zone,
        effective_from,
        lead(effective_from, 1, date '2100-01-01') over (
            partition by client_id order by effective_from
        ) as effective_until
    from raw.client_zones
),

days as (
    select
        zones.client_id,
        days.calendar_date as business_date,
        days.starts_at,
        least(
            lead(days.starts_at, 1, days.ends_at) over later,
            lead(days.starts_at, 2, days.ends_at) over later
        ) as ends_at
    from zones
    inner join raw.calendar_days as days
        on zones.time_zone = days.time_zone
        and days.calendar_date >= zones.effective_from
        and days.calendar_date < zones.effective_until
    window later as (partition by zones.client_id order by days.calendar_date)
)

select
    days.client_id,
    days.business_date,
    days.starts_at,
    days.ends_at,
    days.business_date
    - ((isodow(days.business_date) - clients.week_start + 7) % 7)::integer
        as week_start_date,
    date_trunc('month', days.business_date)::date as month_start_date,
    date_trunc('quarter', days.business_date)::date as quarter_start_date
from days
inner join raw.clients as clients on days.client_id = clients.client_id
where days.starts_at < days.ends_at
