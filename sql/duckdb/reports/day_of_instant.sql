-- The client's business day of an instant.
-- grain: at most one row
-- params: client_id, instant
select business_date
from marts.client_days
where client_id = $client_id::varchar
    and starts_at <= $instant::timestamptz
    and ends_at > $instant::timestamptz
