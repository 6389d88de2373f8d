-- Notes the figures of closed periods, and each figure of one that was closed before and is another
-- now. Returns how many figures were restated.
-- params: $1 clients, $2 kinds, $3 starts, $4 ends, $5 totals (jsonb), $6 rows that changed,
-- $7 reasons, $8 instant of the copy, $9 up to which end periods were closed before.
-- why: a period of which nothing was known has no row; if it lies after one that has, it was closed
-- with zeros. What is before the client's first is its history, which was never reported.
with given as (
    select *
    from
        unnest(
            $1::text[], $2::text[], $3::date[], $4::timestamptz[], $5::jsonb[], $6::bigint[],
            $7::text[]
        ) as rows (client_id, period_kind, period_start, ends_at, totals, row_count, reason)
),

settled as (
    select given.*, periods.totals as old_totals
    from given
    left join periods
        on periods.client_id = given.client_id
        and periods.period_kind = given.period_kind
        and periods.period_start = given.period_start
    where periods.client_id is not null
        or (
            given.ends_at <= $9
            and exists (
                select 1 from periods as earlier
                where earlier.client_id = given.client_id
                    and earlier.period_kind = given.period_kind
                    and earlier.period_start < given.period_start
            )
        )
),

restated as (
    insert into restatements (
        client_id, period_kind, period_start, measure, old_value, new_value, row_count, reason,
        as_of
    )
    select
        settled.client_id, settled.period_kind, settled.period_start, figures.key,
        olds.old_value, figures.value::numeric, settled.row_count, settled.reason, $8
    from settled
    cross join lateral jsonb_each_text(settled.totals) as figures
    cross join lateral (
        select
            case
                when settled.old_totals is null then 0
                else (settled.old_totals ->> figures.key)::numeric
            end
    ) as olds (old_value)
    where olds.old_value <> figures.value::numeric
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
