-- params: $1 client, $2 sid.
select status, error_code from sms_status_events where client_id = $1 and message_sid = $2
