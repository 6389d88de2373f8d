-- The tasks of day, week and month under one name, for reports on any of them.
-- grain: period_kind, client_id, period_start, status, category, error_type
-- params: none
select 'day' as period_kind, *
from rollups.tasks_by_day
union all
select 'week' as period_kind, *
from rollups.tasks_by_week
union all
select 'month' as period_kind, *
from rollups.tasks_by_month
