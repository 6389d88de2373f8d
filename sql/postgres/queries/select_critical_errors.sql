-- The critical errors that nobody was told of, by client, type and code; the newest message of each.
-- params: $1 how many errors, the oldest first.
-- why: the ids are named, so that exactly what is told of is marked.
with waiting as (
    select error_id, client_id, error_type, code, message, occurred_at
    from error_logs
    where is_critical and alerted_at is null and resolved_at is null
    order by occurred_at
    limit $1
)
select
    client_id, error_type, code, count(*)::int as errors, min(occurred_at) as first_at,
    max(occurred_at) as last_at, (array_agg(message order by occurred_at desc))[1] as message,
    array_agg(error_id) as error_ids
from waiting
group by client_id, error_type, code
order by errors desc, first_at
