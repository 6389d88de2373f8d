-- What texting costs by day, week and month, for reports on any of them.
-- grain: period_kind, client_id, period_start, currency, status, category,
-- user_id, conversation_id
-- params: none
select 'day' as period_kind, *
from rollups.answer_costs_by_day
union all
select 'week' as period_kind, *
from rollups.answer_costs_by_week
union all
select 'month' as period_kind, *
from rollups.answer_costs_by_month
