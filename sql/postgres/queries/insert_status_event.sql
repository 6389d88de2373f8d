-- Keeps every status that was told, once, also of a message that is not known yet; no row comes back
-- where there is no such client.
-- params: $1 client, $2 sid, $3 status, $4 error code or '', $5 outbox id, $6 now.
with of_client as (
    select client_id from clients where client_id = $1
),
kept as (
    insert into sms_status_events (
        client_id, message_sid, status, error_code, outbox_id, received_at
    )
    select client_id, $2, $3, $4, $5, $6 from of_client
    on conflict (client_id, message_sid, status, error_code) do nothing
)
select client_id from of_client
