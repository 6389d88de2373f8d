-- Empties the texts of a person and takes the number off them.
-- params: $1 client, $2 user.
update sms_messages
set body = null, media = null,
    from_number = case direction when 'inbound' then 'forgotten' else from_number end,
    to_number = case direction when 'outbound' then 'forgotten' else to_number end
where client_id = $1 and user_id = $2
