-- params: $1 client, $2 token id, $3 sha256 of the secret, $4 name, $5 scopes.
insert into api_tokens (client_id, token_id, secret_hash, name, scopes)
values ($1, $2, $3, $4, $5)
