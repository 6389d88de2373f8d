-- The checks that do not hold, oldest first.
-- params: none.
select check_name, failed_at, last_failed_at, row_count
from check_failures
where resolved_at is null
order by failed_at, check_name
