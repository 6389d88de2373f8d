-- Takes the words and the number off the record of a person. That a number wants nothing is kept, under
-- its hash: it must never be texted again.
-- params: $1 client, $2 number.
update sms_consents
set quoted = null,
    phone = case
        when exists (
            select 1 from sms_suppressions
            where sms_suppressions.client_id = $1
                and sms_suppressions.phone = number_mark($1, $2)
        ) then number_mark($1, $2)
        else 'forgotten'
    end
where client_id = $1 and phone = $2
returning 1
