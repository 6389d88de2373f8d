-- Takes the address of a person off recipients that were removed, and what his mail server said.
-- params: $1 client, $2 what identifies the person, $3 pseudonym.
with emptied as (
    update recipients
    set email = $3 || '@erased.invalid'
    where client_id = $1 and removed_at is not null and lower(email) = any ($2::text[])
    returning recipient_id
),
told as (
    update deliveries
    set response = null
    from emptied
    where deliveries.client_id = $1 and deliveries.recipient_id = emptied.recipient_id
)
select recipient_id from emptied
