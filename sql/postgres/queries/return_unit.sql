-- Gives a request back that got no answer, to the month it was counted in.
-- params: $1 client, $2 user, $3 month.
update sms_users
set monthly_requests = greatest(0, monthly_requests - case when request_month = $3 then 1 else 0 end),
    total_requests = greatest(0, total_requests - 1)
where client_id = $1 and user_id = $2
