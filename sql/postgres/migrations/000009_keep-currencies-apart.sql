-- What an answer cost, in which money: amounts of different currencies are never added.

-- Up Migration

-- Read by nothing but the books' own queries, which come with this: no one else had a right to it.
drop view task_costs;

-- grain: one row per task and currency that a part of it is in; the task itself is counted once
-- (tasks), with the text that it is. Costs of texts are Twilio's price where it is told, else the
-- estimate; null where neither is known.
-- why: Twilio bills an account in one currency, but our list of estimates and carriers' fees is in
-- USD, and every model has its own. What a text's row says of currency is of its price alone.
create view task_costs with (security_invoker = true) as
with texts as (
    select
        client_id, task_id, message_sid, direction, segments, price, estimated_price, carrier_fee,
        case when price is null then 'USD' else currency end as currency
    from sms_messages
),
parts as (
    select
        client_id, task_id, currency, 0 as tasks, direction, segments,
        coalesce(price, estimated_price) as text_cost, price as told_text_cost,
        null::numeric as estimated_text_cost, null::numeric as carrier_fee,
        price is null as is_without_price, null as purpose, null::numeric as call_cost,
        coalesce(price, estimated_price) is null as is_of_unknown_cost
    from texts
    where task_id is not null
    union all
    select
        client_id, task_id, 'USD', 0, null, null, null, null, estimated_price, carrier_fee, false,
        null, null, false
    from texts
    where task_id is not null and (estimated_price is not null or carrier_fee is not null)
    union all
    select
        task_calls.client_id, task_calls.task_id, usage_calls.currency, 0, null, null, null, null,
        null, null, false, task_calls.purpose, usage_calls.effective_cost,
        usage_calls.effective_cost is null
    from task_calls
    inner join usage_calls
        on usage_calls.client_id = task_calls.client_id
        and usage_calls.event_id = task_calls.event_id
    union all
    select
        tasks.client_id, tasks.task_id, texts.currency, 1, null, null, null, null, null, null,
        false, null, null, false
    from tasks
    inner join texts
        on texts.client_id = tasks.client_id and texts.message_sid = tasks.message_sid
),
costs as (
    select
        client_id, task_id, currency, sum(tasks) as tasks,
        count(*) filter (where direction = 'inbound') as inbound_texts,
        count(*) filter (where direction = 'outbound') as outbound_texts,
        coalesce(sum(segments) filter (where direction = 'inbound'), 0) as inbound_segments,
        coalesce(sum(segments) filter (where direction = 'outbound'), 0) as outbound_segments,
        sum(text_cost) filter (where direction = 'inbound') as inbound_cost,
        sum(text_cost) filter (where direction = 'outbound') as outbound_cost,
        sum(carrier_fee) as carrier_fee,
        sum(estimated_text_cost) as estimated_text_cost,
        sum(told_text_cost) as told_text_cost,
        count(*) filter (where is_without_price) as texts_without_price,
        count(purpose) as calls,
        sum(call_cost) filter (where purpose = 'answer') as model_cost,
        sum(call_cost) filter (where purpose = 'transcription') as transcription_cost,
        count(*) filter (where is_of_unknown_cost) as parts_of_unknown_cost,
        coalesce(sum(text_cost), 0) + coalesce(sum(carrier_fee), 0)
            + coalesce(sum(call_cost), 0) as cost
    from parts
    group by client_id, task_id, currency
)
select
    costs.client_id, costs.task_id, tasks.user_id, tasks.conversation_id, tasks.category,
    tasks.status, tasks.received_at, costs.currency, costs.tasks,
    costs.inbound_texts, costs.outbound_texts, costs.inbound_segments, costs.outbound_segments,
    costs.inbound_cost, costs.outbound_cost, costs.carrier_fee, costs.estimated_text_cost,
    costs.told_text_cost, costs.texts_without_price, costs.calls, costs.model_cost,
    costs.transcription_cost, costs.parts_of_unknown_cost, costs.cost,
    count(*) filter (where costs.cost > 0) over (partition by costs.client_id, costs.task_id)
        > (costs.cost > 0)::integer as costs_more_in_others
from costs
inner join tasks on tasks.client_id = costs.client_id and tasks.task_id = costs.task_id;
comment on view task_costs is 'What each answer cost, a row for each currency: its texts, its carrier fee, its model calls. Never add rows of different currencies.';
comment on column task_costs.tasks is '1 in the currency of the text that the task is, 0 in the others: the sum counts tasks.';
comment on column task_costs.estimated_text_cost is 'Of all texts, also of those whose price is told; cost has it for the others alone.';
comment on column task_costs.costs_more_in_others is 'The cost of this row is not all: other currencies have rows of their own.';
grant select on task_costs to daybook_app, daybook_pipeline;
