-- When a refresh last succeeded.
-- params: none.
select max(finished_at) as finished_at
from runs
where kind = 'refresh' and state = 'succeeded'
