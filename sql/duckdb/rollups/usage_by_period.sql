-- The day, week and month rollups under one name, for reports on any of them.
-- grain: period_kind, client_id, period_start, provider, model, user_id,
-- chatbot_id, currency, status, cost_status
-- params: none
select 'day' as period_kind, *
from rollups.usage_by_day
union all
select 'week' as period_kind, *
from rollups.usage_by_week
union all
select 'month' as period_kind, *
from rollups.usage_by_month
