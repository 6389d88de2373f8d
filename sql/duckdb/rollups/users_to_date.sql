-- Every user with all calls and tasks so far, and the first and last day of
-- them.
-- grain: client_id, user_id
-- params: none
-- lands: view
select
    users.client_id,
    users.user_id,
    users.tier,
    users.is_active,
    min(activity.period_start) as first_active_date,
    max(activity.period_start) as last_active_date,
    coalesce(sum(activity.calls), 0) as calls,
    coalesce(sum(activity.tasks), 0) as tasks
from staging.stg_books__users as users
left join rollups.activity_by_period as activity
    on users.client_id = activity.client_id
    and users.user_id = activity.subject_id
    and activity.subject = 'user'
    and activity.period_kind = 'day'
group by users.client_id, users.user_id, users.tier, users.is_active
