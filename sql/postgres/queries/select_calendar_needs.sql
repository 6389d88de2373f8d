-- The zones that days are needed of, from the first instant of their clients to the last, and the
-- days that there are.
-- params: none.
-- why: each end is one look into an index.
select
    needs.time_zone, to_char(now() at time zone 'utc', 'YYYY-MM-DD') as today,
    to_char(min(needs.first_at) at time zone 'utc', 'YYYY-MM-DD') as first_date,
    to_char(max(needs.last_at) at time zone 'utc', 'YYYY-MM-DD') as last_date,
    has.first_date::text as has_from, has.last_date::text as has_to, has.zone_data
from (
    select client_zones.time_zone, ends.first_at, ends.last_at
    from client_zones
    cross join lateral (
        select
            (
                select min(occurred_at)
                from usage_events where usage_events.client_id = client_zones.client_id
            ),
            (
                select max(occurred_at)
                from usage_events where usage_events.client_id = client_zones.client_id
            )
        union all
        select
            (
                select min(happened_at)
                from sms_messages where sms_messages.client_id = client_zones.client_id
            ),
            (
                select max(happened_at)
                from sms_messages where sms_messages.client_id = client_zones.client_id
            )
        union all
        select
            (
                select min(received_at)
                from tasks where tasks.client_id = client_zones.client_id
            ),
            (
                select max(received_at)
                from tasks where tasks.client_id = client_zones.client_id
            )
        union all
        select
            (
                select min(occurred_at)
                from error_logs where error_logs.client_id = client_zones.client_id
            ),
            (
                select max(occurred_at)
                from error_logs where error_logs.client_id = client_zones.client_id
            )
    ) as ends (first_at, last_at)
) as needs
left join (
    select
        time_zone, min(calendar_date) as first_date, max(calendar_date) as last_date,
        min(zone_data) as zone_data
    from calendar_days
    group by time_zone
) as has on has.time_zone = needs.time_zone
group by needs.time_zone, has.first_date, has.last_date, has.zone_data
order by needs.time_zone
