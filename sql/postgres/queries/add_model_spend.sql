-- Adds what model calls cost to the day of a number and of its client; tells what they come to.
-- params: $1 client, $2 number, $3 day, $4 cost; 0 only locks both, always the client's first.
-- why: a number stands here as its hash, so that forgetting it gives its person no second cap.
insert into sms_spend (client_id, scope, name, spent_on, segments, cost)
select $1, asked.scope, asked.name, $3, 0, $4
from (
    values
        ('model-client', $1::text),
        ('model-number', encode(number_name($1, $2), 'hex'))
) as asked (scope, name)
order by asked.scope
on conflict (client_id, scope, name, spent_on) do update
set cost = sms_spend.cost + excluded.cost
returning scope, cost
