-- A number that wants nothing is known by its hash from now on, so that a STOP outlives its person.
-- params: $1 client, $2 number.
with known as (
    delete from sms_suppressions
    where client_id = $1 and phone = $2
    returning reason, since
)
insert into sms_suppressions (client_id, phone, reason, since)
select $1, number_mark($1, $2), reason, since
from known
on conflict (client_id, phone) do update
set reason = case when sms_suppressions.reason = 'stop' then 'stop' else excluded.reason end,
    since = greatest(sms_suppressions.since, excluded.since)
