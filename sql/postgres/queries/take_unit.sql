-- Counts one request of a person in a month, if the limit leaves one; null is no limit.
-- params: $1 client, $2 user, $3 month, $4 limit or null, $5 now.
-- why: the month never goes back, else moving to a zone further west would begin the count anew.
update sms_users
set monthly_requests = case when request_month >= $3 then monthly_requests else 0 end + 1,
    request_month = greatest(request_month, $3), total_requests = total_requests + 1,
    last_active_at = $5
where client_id = $1 and user_id = $2
    and (
        $4::integer is null
        or case when request_month >= $3 then monthly_requests else 0 end < $4::integer
    )
returning monthly_requests
