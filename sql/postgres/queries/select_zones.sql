-- Every zone that a client counts or has counted its days in.
-- params: none.
select distinct time_zone
from client_zones
order by time_zone
