-- Writes what became of a claimed delivery.
-- params: $1 client, $2 revision id, $3 recipient, $4 state, $5 response, $6 next attempt,
-- $7 sent at or null.
update deliveries
set state = $4, response = $5, next_attempt_at = $6, sent_at = $7
where client_id = $1 and revision_id = $2 and recipient_id = $3 and state = 'sending'
