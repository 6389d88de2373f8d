-- One row per text in or out, with the person of its task.
-- grain: client_id, message_sid
-- params: none
select
    texts.* exclude (task_id, user_id),
    tasks.task_id,
    coalesce(tasks.user_id, texts.user_id) as user_id
from staging.stg_books__texts as texts
left join staging.stg_books__tasks as tasks
    on texts.client_id = tasks.client_id
    and texts.business_date = tasks.business_date
    and texts.task_id = tasks.task_id
