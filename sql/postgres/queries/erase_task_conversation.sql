-- params: $1 client, $2 conversation, $3 pseudonym.
update tasks
set conversation_id = $3
where client_id = $1 and conversation_id = $2
