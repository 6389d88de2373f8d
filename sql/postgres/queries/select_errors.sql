-- The newest errors, for a person to read.
-- params: $1 client or null for all, $2 true for open ones only, $3 how many.
select
    error_id::text, client_id, error_type, code, message, is_critical, occurred_at, alerted_at,
    resolved_at, notes, count(*) over ()::int as found
from error_logs
where ($1::text is null or client_id = $1) and (not $2 or resolved_at is null)
order by occurred_at desc, error_id
limit $3
