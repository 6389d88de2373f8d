-- All numbers for the pipeline; for a tenant its own.
-- params: none.
select phone, client_id
from sms_numbers
order by phone
