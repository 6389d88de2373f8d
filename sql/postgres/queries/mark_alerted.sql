-- params: $1 ids, $2 now.
update error_logs set alerted_at = $2 where error_id = any ($1::uuid[])
