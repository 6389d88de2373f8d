-- Ends a mailbox; its past deliveries stay.
-- params: $1 client, $2 email, $3 now.
update recipients
set removed_at = $3
where client_id = $1 and lower(email) = lower($2) and removed_at is null
returning recipient_id
