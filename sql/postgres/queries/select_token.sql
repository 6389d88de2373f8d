-- The token that was presented; row security shows no other.
-- params: $1 token id.
select client_id, secret_hash, scopes, revoked_at
from api_tokens
where token_id = $1
