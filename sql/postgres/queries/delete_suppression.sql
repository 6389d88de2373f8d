-- Lets a number be texted again, if one of the reasons kept it from that.
-- params: $1 client, $2 number, $3 reasons, $4 null, or only what holds since before then.
delete from sms_suppressions
where client_id = $1 and phone in ($2, number_mark($1, $2))
    and reason = any ($3::text[])
    and ($4::timestamptz is null or since < $4)
returning reason
