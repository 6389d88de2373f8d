-- Claims a delivery whose sender went away in the middle: nobody knows whether the mail went out.
-- params: $1 now, $2 lease end, $3 the clients it may belong to, or null for all.
update deliveries
set next_attempt_at = $2
where (client_id, revision_id, recipient_id) = (
    select client_id, revision_id, recipient_id
    from deliveries
    where state = 'sending' and next_attempt_at <= $1
        and ($3::text[] is null or client_id = any ($3))
    order by next_attempt_at
    limit 1
    for update skip locked
)
returning client_id, revision_id, recipient_id, message_id, attempts, created_at
