-- Ends a token; returns it when it was still valid.
-- params: $1 token id, $2 now.
update api_tokens
set revoked_at = $2
where token_id = $1 and revoked_at is null
returning token_id
