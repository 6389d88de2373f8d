-- params: $1 client, $2 sid, $3 status, $4 error code.
update sms_messages
set status = $3, error_code = $4
where client_id = $1 and message_sid = $2 and direction = 'outbound'
    and (status, coalesce(error_code, '')) is distinct from ($3, coalesce($4, ''))
returning to_number
