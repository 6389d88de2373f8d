-- params: $1 client, $2 number, $3 user.
update sms_spend set name = $3 where client_id = $1 and scope = 'number' and name = $2
