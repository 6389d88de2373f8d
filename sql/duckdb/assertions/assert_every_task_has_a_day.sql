-- A task outside the calendar would be in no report.
-- grain: client_id, task_id that is missing from the mart
-- params: none
select
    tasks.client_id,
    tasks.task_id,
    tasks.received_at
from staging.stg_books__tasks as tasks
anti join marts.tasks as dated
    on tasks.client_id = dated.client_id
    and tasks.task_id = dated.task_id
