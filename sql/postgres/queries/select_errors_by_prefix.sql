-- The errors whose id begins so, two at most: a second one says that the beginning is too short.
-- params: $1 the beginning of an id, as a pattern.
select error_id::text from error_logs where error_id::text like $1 limit 2
