-- What each restated figure of some periods was when its period closed and what it is now, as of a
-- copy.
-- params: $1 client, $2 kind of period, $3 first days, $4 instant of the copy.
select
    to_char(period_start, 'YYYY-MM-DD') as period_start, measure,
    (array_agg(old_value order by as_of))[1] as old_value,
    (array_agg(new_value order by as_of desc))[1] as new_value,
    sum(row_count)::bigint as row_count,
    array_agg(distinct reason) as reasons
from restatements
where client_id = $1 and period_kind = $2 and period_start = any ($3::date[]) and as_of <= $4
group by restatements.period_start, measure
having (array_agg(old_value order by as_of))[1] <> (array_agg(new_value order by as_of desc))[1]
order by restatements.period_start desc, measure
