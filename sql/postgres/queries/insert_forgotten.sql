-- Keeps the count of a number that is being forgotten, and whether it is switched off, under its
-- hash.
-- params: $1 client, $2 number, $3 user, $4 now.
insert into sms_forgotten (
    client_id, phone_hash, request_month, monthly_requests, is_active, upgraded_month,
    forgotten_at
)
select
    $1, number_name($1, $2), request_month, monthly_requests,
    is_active, upgraded_month, $4
from sms_users
where client_id = $1 and user_id = $3
on conflict (client_id, phone_hash) do update
set request_month = excluded.request_month, monthly_requests = excluded.monthly_requests,
    is_active = excluded.is_active, upgraded_month = excluded.upgraded_month,
    forgotten_at = excluded.forgotten_at
