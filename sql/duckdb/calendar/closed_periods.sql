-- The periods that are closed as of a copy and that changed or closed since the
-- copy before it, with their figures.
-- grain: client_id, period_kind, period_start
-- params: as_of, closed_before (the instant up to which periods were closed at
-- the copy before), grace_minutes
-- why: a period is closed once all data up to its end was copied and the grace
-- for what comes late has passed.
with bounds as (
    select
        period_days.client_id,
        period_days.period_kind,
        period_days.period_start,
        max(days.ends_at) as ends_at,
        max(days.business_date) as last_date
    from calendar.period_days as period_days
    inner join calendar.client_days as days
        on period_days.client_id = days.client_id
        and period_days.business_date = days.business_date
    where period_days.period_start >= (
        select least(
            coalesce(min(business_date), date '2100-01-01') - 31,
            $closed_before::timestamptz::date - 33
        )
        from calendar.changed_days
    )
    group by all
),

ended as (
    select
        client_id,
        period_kind,
        period_start,
        ends_at
    from bounds
    where ends_at
        <= $as_of::timestamptz - to_minutes($grace_minutes::integer)
        and last_date = case period_kind
            when 'day' then period_start
            when 'week' then period_start + 6
            else last_day(period_start)
        end
),

changes as (
    select
        period_days.client_id,
        period_days.period_kind,
        period_days.period_start,
        sum(changed_days.row_count) as row_count,
        string_agg(
            distinct changed_days.source, ', ' order by changed_days.source
        ) as sources
    from calendar.changed_days as changed_days
    inner join calendar.period_days as period_days
        on changed_days.client_id = period_days.client_id
        and changed_days.business_date = period_days.business_date
    group by all
)

select
    ended.client_id,
    ended.period_kind,
    ended.period_start,
    ended.ends_at,
    coalesce(changes.row_count, 0) as row_count,
    coalesce(changes.sources, '') as sources,
    coalesce(totals.calls, 0) as calls,
    coalesce(totals.unpriced_calls, 0) as unpriced_calls,
    coalesce(totals.input_tokens, 0) as input_tokens,
    coalesce(totals.output_tokens, 0) as output_tokens,
    coalesce(totals.call_cost, 0) as call_cost,
    coalesce(totals.tasks, 0) as tasks,
    coalesce(totals.answers, 0) as answers,
    coalesce(totals.texts, 0) as texts,
    coalesce(totals.text_cost, 0) as text_cost
from ended
left join changes using (client_id, period_kind, period_start)
left join rollups.totals_by_period as totals
    using (client_id, period_kind, period_start)
where changes.row_count is not null
    or (
        ended.ends_at
        > $closed_before::timestamptz - to_minutes($grace_minutes::integer)
        and totals.client_id is not null
    )
