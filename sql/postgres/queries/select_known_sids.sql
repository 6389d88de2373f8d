-- Which of these messages are stored already.
-- params: $1 client, $2 sids.
select message_sid from sms_messages where client_id = $1 and message_sid = any ($2::text[])
