-- The clients that have a number; all of them, because the policy asks for that word.
-- params: none.
select distinct found.client_id
from set_config('daybook.to_number', 'any', true) as asked (word)
cross join lateral (
    select client_id from sms_numbers where asked.word = 'any'
) as found
order by found.client_id
