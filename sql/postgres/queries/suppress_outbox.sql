-- What waits for a number that wants nothing more is not sent.
-- params: $1 client, $2 number, $3 now.
-- why: a row that a sender is claiming is passed by; the sender waits for this transaction, sees the
-- suppression and keeps the text back itself.
update sms_outbox
set state = 'suppressed', settled_at = $3
where client_id = $1 and outbox_id in (
    select outbox_id
    from sms_outbox
    where client_id = $1 and to_number = $2 and state = 'pending' and not despite_stop
    for update skip locked
)
