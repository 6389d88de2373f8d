-- Books calls of a person under the pseudonym and takes off what the application told beside them.
-- params: $1 client, $2 user, $3 pseudonym, $4 how many, $5 what identifies the person, $6 tags that
-- no other calls bear.
-- why: counts, costs and raw usage stay; the new xid has the rows copied again. A tag goes that no
-- other calls bear, is one of the identifiers, or holds one that is too long to be meant by chance.
with batch as (
    select event_id
    from usage_events
    where client_id = $1 and user_id = $2
    limit $4
    for update
),
changed as (
    update usage_events
    set user_id = $3, phone = null, metadata = null, xid = pg_current_xact_id(),
        tags = (
            select array_agg(told.tag order by told.place)
            from unnest(usage_events.tags) with ordinality as told (tag, place)
            where told.tag <> all ($6::text[]) and not exists (
                select from unnest($5::text[]) as identifier (words)
                where lower(told.tag) = lower(identifier.words)
                    or (
                        length(identifier.words) >= 6
                        and position(lower(identifier.words) in lower(told.tag)) > 0
                    )
            )
        )
    from batch
    where usage_events.client_id = $1 and usage_events.event_id = batch.event_id
    returning usage_events.conversation_id
)
select
    count(*)::int as rows,
    coalesce(
        jsonb_agg(distinct conversation_id) filter (where conversation_id is not null), '[]'
    ) as conversations
from changed
