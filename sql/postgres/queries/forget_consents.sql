-- Takes the words, and where the number may be texted the number too, off the record of a person. That
-- a number wants nothing is kept: it must never be texted again.
-- params: $1 client, $2 number.
update sms_consents
set quoted = null,
    phone = case
        when exists (
            select 1 from sms_suppressions
            where sms_suppressions.client_id = $1 and sms_suppressions.phone = $2
        ) then phone
        else 'forgotten'
    end
where client_id = $1 and phone = $2
