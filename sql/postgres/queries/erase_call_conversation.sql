-- Books calls of a conversation under its pseudonym, also those of others who took part.
-- params: $1 client, $2 conversation, $3 pseudonym, $4 how many.
with batch as (
    select event_id
    from usage_events
    where client_id = $1 and conversation_id = $2
    limit $4
    for update
),
changed as (
    update usage_events
    set conversation_id = $3, xid = pg_current_xact_id()
    from batch
    where usage_events.client_id = $1 and usage_events.event_id = batch.event_id
    returning usage_events.event_id
)
select count(*)::int as rows
from changed
