-- How many mails are in which state, per client, for a person to read.
-- params: none.
select client_id, state, count(*)::int as mails, max(sent_at) as last_sent_at
from deliveries
group by client_id, state
order by client_id, state
