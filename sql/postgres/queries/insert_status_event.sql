-- Keeps every status that was told, once, also of a message that is not known yet.
-- params: $1 client, $2 sid, $3 status, $4 error code or '', $5 outbox id, $6 now.
insert into sms_status_events (
    client_id, message_sid, status, error_code, outbox_id, received_at
)
values ($1, $2, $3, $4, $5, $6)
on conflict (client_id, message_sid, status, error_code) do nothing
