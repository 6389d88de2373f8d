-- Empties texts from and to a number, also those of nobody we know.
-- params: $1 client, $2 number.
update sms_messages
set body = null, media = null,
    from_number = case when from_number = $2 then 'forgotten' else from_number end,
    to_number = case when to_number = $2 then 'forgotten' else to_number end
where client_id = $1 and (from_number = $2 or to_number = $2)
returning message_sid
