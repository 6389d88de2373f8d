-- One row per model call that was made for a task, as the books hold it, and
-- the day that the task counts on.
-- grain: client_id, event_id
-- params: none
create table if not exists raw.task_calls (
    client_id varchar not null,
    task_id varchar not null,
    event_id varchar not null,
    purpose varchar not null,
    counted_at timestamptz not null,
    business_date date not null
)
