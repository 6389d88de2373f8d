-- A text was sent: Twilio's sid for it is known, from whichever side it came.
-- params: $1 client, $2 outbox id, $3 sid, $4 now.
-- why: what a text took of the caps was given back if it was taken for not sent.
with before as (
    select client_id, outbox_id, state
    from sms_outbox
    where client_id = $1 and outbox_id = $2 and message_sid is null
        and state in ('sending', 'uncertain', 'pending', 'failed')
    for update
)
update sms_outbox
set state = 'sent', message_sid = $3, settled_at = $4, error_code = null, error_message = null
from before
where sms_outbox.client_id = before.client_id and sms_outbox.outbox_id = before.outbox_id
returning
    task_id, user_id, from_number, to_number, body, segments, claimed_at, created_at,
    before.state in ('pending', 'failed') as is_given_back
