-- A process that works on a run at this moment.
-- params: $1 now, $2 an instant that only a clock set back leaves behind.
select holder
from runs
where state = 'running' and lease_until > $1 and lease_until <= $2
order by lease_until desc
limit 1
