-- params: $1 client, $2 the number that was compared, $3 now.
update sms_numbers set reconciled_at = $3 where client_id = $1 and phone = $2
