-- One row per client.
-- grain: client_id
-- params: none
select
    client_id,
    client_name,
    time_zone,
    week_start,
    currency,
    locale,
    outlier_multiple
from staging.stg_books__clients
