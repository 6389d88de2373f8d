-- params: $1 client, $2 conversation.
delete from conversations where client_id = $1 and conversation_id = $2 returning 1
