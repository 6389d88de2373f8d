-- The standing states of texts that were sent.
-- params: $1 client, $2 sids.
select message_sid, status, error_code
from sms_messages
where client_id = $1 and message_sid = any ($2::text[]) and direction = 'outbound'
