-- The periods of which figures were restated, newest first.
-- params: $1 since when.
select
    client_id, period_kind, to_char(period_start, 'YYYY-MM-DD') as period_start,
    count(distinct measure)::int as figures, max(row_count) as row_count,
    string_agg(distinct reason, '; ' order by reason) as reasons, max(as_of) as last_at
from restatements
where as_of >= $1
group by client_id, period_kind, restatements.period_start
order by last_at desc, client_id, restatements.period_start, period_kind
