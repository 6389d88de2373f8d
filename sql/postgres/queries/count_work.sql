-- How much work stands in which state: runs, mails, texts, tasks and checks. What is ended counts for a day.
-- params: $1 now.
select 'runs' as what, coalesce(kind, 'other') as kind, state, count(*)::integer as count
from runs
where state in ('due', 'running', 'failed') or finished_at > $1::timestamptz - interval '1 day'
group by kind, state
union all
select 'mails', '', state, count(*)::integer
from deliveries
where state in ('pending', 'sending') or created_at > $1::timestamptz - interval '1 day'
group by state
union all
select 'texts', '', state, count(*)::integer
from sms_outbox
where state in ('pending', 'sending', 'uncertain')
group by state
union all
select 'tasks', '', status, count(*)::integer
from tasks
where status in ('received', 'working')
group by status
union all
select 'checks', '', 'failed', count(*)::integer
from check_failures
where resolved_at is null
