-- The last that was sent to a person who is forgotten, once it is settled.
-- params: $1 client, $2 outbox id.
-- why: the person is locked, so that whoever forgets him at this moment is waited for, or waits and
-- finds the text settled.
with person as (
    select sms_users.user_id, sms_users.forgotten_at
    from sms_outbox
    inner join sms_users
        on sms_users.client_id = sms_outbox.client_id and sms_users.user_id = sms_outbox.user_id
    where sms_outbox.client_id = $1 and sms_outbox.outbox_id = $2
    for share of sms_users
)
update sms_outbox
set body = null, to_number = 'forgotten'
from person
where sms_outbox.client_id = $1 and sms_outbox.outbox_id = $2
    and sms_outbox.state not in ('pending', 'sending', 'uncertain')
    and person.forgotten_at is not null
returning sms_outbox.message_sid
