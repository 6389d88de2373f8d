-- Lets a number be texted again, if one of the reasons kept it from that.
-- params: $1 client, $2 number, $3 reasons.
delete from sms_suppressions
where client_id = $1 and phone = $2 and reason = any ($3::text[])
returning reason
