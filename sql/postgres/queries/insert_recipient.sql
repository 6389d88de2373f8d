-- Adds a mailbox, or leaves one that is already there.
-- params: $1 client, $2 email, $3 period kinds.
insert into recipients (client_id, email, period_kinds)
values ($1, $2, $3)
on conflict (client_id, lower(email)) where removed_at is null do nothing
returning recipient_id
