-- One row per task and currency with what it cost: its texts in and out, the
-- carrier's fee, its model calls. A text of no task has a row of its own.
-- grain: client_id, task_id, message_sid (of a text of no task), currency
-- params: none
-- lands: by day
-- why: amounts of different currencies are never added. What a text's row says
-- of currency is of the price that Twilio told alone: our list of estimates and
-- carriers' fees is in USD, so that they stand in rows of it, and a price told
-- in another currency is compared with no estimate. The task itself is counted
-- once, in the currency of the text that it is. A part whose cost nobody knows
-- adds nothing and is counted as unknown; of a text that was told no price the
-- estimate counts, and stands apart.
with texts as (
    select
        * replace (if(told_price is null, 'USD', currency) as currency),
        if(task_id is null, message_sid, null) as lone_sid,
        told_price is not null
        and estimated_price is not null
        and currency = 'USD' as is_compared
    from marts.sms_texts as texts
    semi join calendar.touched_days as touched_days
        on texts.client_id = touched_days.client_id
        and texts.business_date = touched_days.business_date
),

tasks as (
    select *
    from marts.tasks as tasks
    semi join calendar.touched_days as touched_days
        on tasks.client_id = touched_days.client_id
        and tasks.business_date = touched_days.business_date
),

task_rows as (
    select
        tasks.client_id,
        tasks.task_id,
        tasks.business_date,
        coalesce(texts.currency, 'USD') as currency,
        1 as tasks,
        (tasks.status = 'answered')::integer as answers
    from tasks
    left join texts
        on tasks.client_id = texts.client_id
        and tasks.message_sid = texts.message_sid
),

text_rows as (
    select
        client_id,
        task_id,
        lone_sid as message_sid,
        business_date,
        currency,
        (direction = 'inbound')::integer as inbound_texts,
        (direction = 'outbound')::integer as outbound_texts,
        if(direction = 'inbound', segments, 0) as inbound_segments,
        if(direction = 'outbound', segments, 0) as outbound_segments,
        if(direction = 'inbound', told_price, 0) as inbound_told_cost,
        if(direction = 'outbound', told_price, 0) as outbound_told_cost,
        if(direction = 'inbound' and told_price is null, estimated_price, 0)
            as inbound_estimated_cost,
        if(direction = 'outbound' and told_price is null, estimated_price, 0)
            as outbound_estimated_cost,
        (told_price is not null)::integer as told_texts,
        (direction = 'inbound' and effective_price is null)::integer
            as unknown_inbound_texts,
        (direction = 'outbound' and effective_price is null)::integer
            as unknown_outbound_texts,
        is_compared::integer as compared_texts,
        if(is_compared, told_price, 0) as compared_told_cost,
        if(is_compared, estimated_price, 0) as compared_estimated_cost
    from texts
),

fee_rows as (
    select
        client_id,
        task_id,
        lone_sid as message_sid,
        business_date,
        'USD' as currency,
        carrier_fee,
        (carrier_fee is null)::integer as unknown_fees
    from texts
    where direction = 'outbound' or carrier_fee is not null
),

-- The few calls of tasks first: else all calls are sorted for the join.
calls as (
    select calls.*
    from staging.stg_books__usage_events as calls
    semi join staging.stg_books__task_calls as task_calls
        on calls.client_id = task_calls.client_id
        and calls.event_id = task_calls.event_id
),

call_rows as (
    select
        task_calls.client_id,
        task_calls.task_id,
        task_calls.business_date,
        calls.currency,
        1 as calls,
        if(task_calls.purpose = 'answer', calls.effective_cost, 0)
            as model_cost,
        if(task_calls.purpose = 'transcription', calls.effective_cost, 0)
            as transcription_cost,
        (
            task_calls.purpose = 'answer'
            and calls.effective_cost is null
        )::integer as unknown_model_calls,
        (
            task_calls.purpose = 'transcription'
            and calls.effective_cost is null
        )::integer as unknown_transcriptions
    from staging.stg_books__task_calls as task_calls
    semi join calendar.touched_days as touched_days
        on task_calls.client_id = touched_days.client_id
        and task_calls.business_date = touched_days.business_date
    inner join calls
        on task_calls.client_id = calls.client_id
        and task_calls.event_id = calls.event_id
),

parts as (
    select * from text_rows
    union all by name
    select * from fee_rows
    union all by name
    select * from task_rows
    union all by name
    select * from call_rows
),

costs as (
    select
        client_id,
        task_id,
        message_sid,
        business_date,
        currency,
        coalesce(sum(tasks), 0) as tasks,
        coalesce(sum(answers), 0) as answers,
        coalesce(sum(inbound_texts), 0) as inbound_texts,
        coalesce(sum(outbound_texts), 0) as outbound_texts,
        coalesce(sum(inbound_segments), 0) as inbound_segments,
        coalesce(sum(outbound_segments), 0) as outbound_segments,
        coalesce(sum(inbound_told_cost), 0) as inbound_told_cost,
        coalesce(sum(outbound_told_cost), 0) as outbound_told_cost,
        coalesce(sum(inbound_estimated_cost), 0) as inbound_estimated_cost,
        coalesce(sum(outbound_estimated_cost), 0) as outbound_estimated_cost,
        coalesce(sum(carrier_fee), 0) as carrier_fee,
        coalesce(sum(told_texts), 0) as told_texts,
        coalesce(sum(unknown_inbound_texts), 0) as unknown_inbound_texts,
        coalesce(sum(unknown_outbound_texts), 0) as unknown_outbound_texts,
        coalesce(sum(unknown_fees), 0) as unknown_fees,
        coalesce(sum(compared_texts), 0) as compared_texts,
        coalesce(sum(compared_told_cost), 0) as compared_told_cost,
        coalesce(sum(compared_estimated_cost), 0) as compared_estimated_cost,
        coalesce(sum(calls), 0) as calls,
        coalesce(sum(model_cost), 0) as model_cost,
        coalesce(sum(transcription_cost), 0) as transcription_cost,
        coalesce(sum(unknown_model_calls), 0) as unknown_model_calls,
        coalesce(sum(unknown_transcriptions), 0) as unknown_transcriptions
    from parts
    group by client_id, task_id, message_sid, business_date, currency
),

-- Known only as a whole: a part in one currency may be unknown in another.
marked as (
    select
        *,
        sum(
            unknown_inbound_texts + unknown_outbound_texts + unknown_fees
            + unknown_model_calls + unknown_transcriptions
        ) over (partition by client_id, task_id, message_sid) > 0 as is_unknown
    from costs
)

select
    marked.* exclude (is_unknown),
    if(is_unknown, marked.answers, 0) as answers_of_unknown_cost,
    tasks.status,
    tasks.category,
    coalesce(tasks.user_id, texts.user_id) as user_id,
    tasks.conversation_id
from marked
left join tasks
    on marked.client_id = tasks.client_id
    and marked.task_id = tasks.task_id
left join texts
    on marked.client_id = texts.client_id
    and marked.message_sid = texts.message_sid
