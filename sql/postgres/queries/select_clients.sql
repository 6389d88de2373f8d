-- All clients for the pipeline; for a tenant, itself.
-- params: none.
select client_id, name, time_zone, week_start, currency, locale, outlier_multiple, created_at
from clients
order by client_id
