-- The last that was sent to a person who is forgotten, once it is settled.
-- params: $1 client, $2 outbox id.
update sms_outbox
set body = null, to_number = 'forgotten'
from sms_users
where sms_outbox.client_id = $1 and sms_outbox.outbox_id = $2
    and sms_outbox.state not in ('pending', 'sending', 'uncertain')
    and sms_users.client_id = sms_outbox.client_id
    and sms_users.user_id = sms_outbox.user_id and sms_users.forgotten_at is not null
returning sms_outbox.message_sid
