-- params: $1 client, $2 number.
select reason from sms_suppressions where client_id = $1 and phone = $2
