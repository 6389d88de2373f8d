-- A text was sent: Twilio's sid for it is known, from whichever side it came.
-- params: $1 client, $2 outbox id, $3 sid, $4 now.
update sms_outbox
set state = 'sent', message_sid = $3, settled_at = $4, error_code = null, error_message = null
where client_id = $1 and outbox_id = $2 and message_sid is null
    and state in ('sending', 'uncertain', 'pending', 'failed')
returning task_id, user_id, from_number, to_number, body, segments, claimed_at, created_at
