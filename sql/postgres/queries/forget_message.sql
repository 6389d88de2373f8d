-- params: $1 client, $2 sid of a text that was sent.
update sms_messages set body = null, to_number = 'forgotten'
where client_id = $1 and message_sid = $2 and direction = 'outbound'
