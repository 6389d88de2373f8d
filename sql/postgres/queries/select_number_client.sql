-- Whose client the texted number is, before that is known.
-- params: $1 number.
-- why: row security shows only the number that the setting names; see select_token.
select found.client_id
from set_config('daybook.to_number', $1, true) as texted (phone)
cross join lateral (
    select client_id from sms_numbers where sms_numbers.phone = texted.phone
) as found
