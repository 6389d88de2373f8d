-- Reserves segments and cost of a number and of its client for a day, each where its cap allows.
-- params: $1 client, $2 number, $3 day, $4 segments, $5 cost, $6 and $7 the number's caps of segments
-- and cost, $8 and $9 the client's.
-- why: a number stands here as its hash, so that forgetting it gives its person no second cap.
-- The caller needs both rows back, and undoes the transaction's part if one is missing.
insert into sms_spend (client_id, scope, name, spent_on, segments, cost)
select $1, asked.scope, asked.name, $3, $4, $5
from (
    values
        ('client', $1::text, $8::integer, $9::numeric),
        ('number', encode(number_name($1, $2), 'hex'), $6::integer, $7::numeric)
) as asked (scope, name, segments_max, cost_max)
where $4::integer <= asked.segments_max and $5::numeric <= asked.cost_max
order by asked.scope
on conflict (client_id, scope, name, spent_on) do update
set segments = sms_spend.segments + excluded.segments, cost = sms_spend.cost + excluded.cost
where sms_spend.segments + excluded.segments
    <= case excluded.scope when 'number' then $6::integer else $8::integer end
    and sms_spend.cost + excluded.cost
    <= case excluded.scope when 'number' then $7::numeric else $9::numeric end
returning scope
