-- Stores a text that was sent, once; one that was booked as nobody's gets its task.
-- params: $1 client, $2 sid, $3 from, $4 to, $5 user, $6 task, $7 body, $8 encoding, $9 segments,
-- $10 segments as told, $11 status, $12 currency, $13 estimated price, $14 carrier fee, $15 price,
-- $16 happened at, $17 now, $18 found by listing.
insert into sms_messages (
    client_id, message_sid, direction, from_number, to_number, user_id, task_id, body, encoding,
    segments, told_segments, status, currency, estimated_price, carrier_fee, price, happened_at,
    stored_at, is_reconciled
)
values (
    $1, $2, 'outbound', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
)
on conflict (client_id, message_sid) do update
set to_number = excluded.to_number, user_id = excluded.user_id, task_id = excluded.task_id,
    body = excluded.body
where sms_messages.direction = 'outbound' and sms_messages.task_id is null
