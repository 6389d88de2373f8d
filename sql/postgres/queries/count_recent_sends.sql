-- Texts that went out to a pair since an instant.
-- params: $1 client, $2 from, $3 to, $4 since, $5 but this one.
select count(*)::integer as sends
from sms_outbox
where client_id = $1 and from_number = $2 and to_number = $3 and claimed_at > $4
    and state in ('sending', 'uncertain', 'sent') and outbox_id <> $5
