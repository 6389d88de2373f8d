-- Notes the figures of closed periods, and each figure of one that was closed before and is another
-- now. Returns how many figures were restated.
-- params: $1 clients, $2 kinds, $3 starts, $4 ends, $5 totals (jsonb), $6 rows that changed,
-- $7 reasons, $8 instant of the copy.
with given as (
    select *
    from
        unnest(
            $1::text[], $2::text[], $3::date[], $4::timestamptz[], $5::jsonb[], $6::bigint[],
            $7::text[]
        ) as rows (client_id, period_kind, period_start, ends_at, totals, row_count, reason)
),

restated as (
    insert into restatements (
        client_id, period_kind, period_start, measure, old_value, new_value, row_count, reason,
        as_of
    )
    select
        given.client_id, given.period_kind, given.period_start, figures.key,
        (periods.totals ->> figures.key)::numeric, figures.value::numeric, given.row_count,
        given.reason, $8
    from given
    inner join periods
        on periods.client_id = given.client_id
        and periods.period_kind = given.period_kind
        and periods.period_start = given.period_start
    cross join lateral jsonb_each_text(given.totals) as figures
    where (periods.totals ->> figures.key)::numeric <> figures.value::numeric
    on conflict do nothing
    returning 1
),

noted as (
    insert into periods (
        client_id, period_kind, period_start, ends_at, closed_at, as_of, totals
    )
    select client_id, period_kind, period_start, ends_at, $8, $8, totals
    from given
    on conflict (client_id, period_kind, period_start) do update
    set totals = excluded.totals, as_of = excluded.as_of, ends_at = excluded.ends_at
    where periods.totals <> excluded.totals
    returning 1
)

select (select count(*) from restated)::int as restated, (select count(*) from noted)::int as noted
