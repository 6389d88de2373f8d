-- How many mails are in which state, per client, for a person to read.
-- params: none.
select client_id, state, count(*)::int as mails, max(sent_at) as last_sent_at,
    (array_agg(response order by next_attempt_at desc) filter (where response is not null))[1]
        as last_response
from deliveries
group by client_id, state
order by client_id, state
