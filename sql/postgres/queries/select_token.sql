-- The token that was presented, before its client is known.
-- params: $1 token id.
-- why: row security shows only the token that the setting names, and the join sets it first: one
-- statement is one way to the server and back, for every request.
select found.client_id, found.secret_hash, found.scopes, found.revoked_at
from set_config('daybook.token_id', $1, true) as presented (token_id)
cross join lateral (
    select client_id, secret_hash, scopes, revoked_at
    from api_tokens
    where api_tokens.token_id = presented.token_id
) as found
