-- Takes a person and words off the errors that are about him or name him.
-- params: $1 client, $2 user, $3 pseudonym, $4 what identifies the person.
-- why: an error of no client in particular may name him too.
update error_logs
set user_id = case when user_id = $2 then $3 else user_id end,
    message = '(erased)', stack = null, metadata = null, notes = null
where (client_id = $1 or client_id is null)
    and (
        user_id = $2
        or task_id in (select task_id from tasks where client_id = $1 and user_id in ($2, $3))
        or exists (
            select from unnest($4::text[]) as identifier (words)
            where length(words) >= 6
                and position(
                    lower(words)
                    in lower(concat_ws(' ', message, stack, notes, metadata::text))
                ) > 0
        )
    )
returning error_id
