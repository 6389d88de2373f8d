-- Books what was reserved for a number under its person.
-- params: $1 client, $2 number, $3 user.
with moved as (
    delete from sms_spend
    where client_id = $1 and scope = 'number' and name = $2
    returning spent_on, segments, cost
)
insert into sms_spend (client_id, scope, name, spent_on, segments, cost)
select $1, 'number', $3, spent_on, segments, cost from moved
on conflict (client_id, scope, name, spent_on) do update
set segments = sms_spend.segments + excluded.segments, cost = sms_spend.cost + excluded.cost
