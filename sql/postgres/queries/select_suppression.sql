-- Why a number gets nothing, also one that is known by its hash alone.
-- params: $1 client, $2 number.
select reason
from sms_suppressions
where client_id = $1 and phone in ($2, number_mark($1, $2))
order by reason = 'stop' desc
limit 1
