-- Stores texts, each sid once, with the conversation and the task of each that has a user.
-- params: $1 client, $2 now; then a value per text, in ascending order of sids: $3 sid, $4 from,
-- $5 to, $6 user or null, $7 task or null, $8 body, $9 media, $10 encoding, $11 segments,
-- $12 segments as told, $13 currency, $14 estimated price, $15 carrier fee, $16 happened at,
-- $17 reconciled, $18 conversation, $19 keyword, $20 wishes to stop, $21 category, $22 complexity.
with told as (
    select *
    from unnest(
        $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::jsonb[],
        $10::text[], $11::integer[], $12::integer[], $13::text[], $14::numeric[], $15::numeric[],
        $16::timestamptz[], $17::boolean[], $18::text[], $19::text[], $20::boolean[], $21::text[],
        $22::numeric[]
    ) as told (
        message_sid, from_number, to_number, user_id, task_id, body, media, encoding, segments,
        told_segments, currency, estimated_price, carrier_fee, happened_at, is_reconciled,
        conversation_id, keyword, wishes_to_stop, category, complexity
    )
),
stored as (
    insert into sms_messages (
        client_id, message_sid, direction, from_number, to_number, user_id, task_id, body, media,
        encoding, segments, told_segments, status, currency, estimated_price, carrier_fee,
        happened_at, stored_at, is_reconciled
    )
    select
        $1, message_sid, 'inbound', from_number, to_number, user_id, task_id, body, media,
        encoding, segments, told_segments, 'received', currency, estimated_price, carrier_fee,
        happened_at, $2, is_reconciled
    from told
    order by message_sid
    on conflict (client_id, message_sid) do nothing
    returning message_sid
),
in_conversations as (
    insert into conversations (client_id, conversation_id, first_seen_at)
    select distinct $1, told.conversation_id, $2::timestamptz
    from told
    inner join stored on stored.message_sid = told.message_sid
    where told.conversation_id is not null
    order by told.conversation_id
    on conflict (client_id, conversation_id) do nothing
),
as_tasks as (
    insert into tasks (
        client_id, task_id, message_sid, user_id, conversation_id, own_number, keyword,
        wishes_to_stop, category, complexity, due_at, received_at
    )
    select
        $1, told.task_id, told.message_sid, told.user_id, told.conversation_id, told.to_number,
        told.keyword, told.wishes_to_stop, told.category, told.complexity, $2, told.happened_at
    from told
    inner join stored on stored.message_sid = told.message_sid
    where told.task_id is not null
)
select message_sid from stored
