-- params: $1 client, $2 task, $3 event ids, $4 purposes.
insert into task_calls (client_id, task_id, event_id, purpose)
select $1, $2, call.event_id, call.purpose
from unnest($3::text[], $4::text[]) as call (event_id, purpose)
on conflict (client_id, event_id) do nothing
