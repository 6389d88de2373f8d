-- Resolves one error or, where asked, with it the open ones before it of its client, type and code.
-- params: $1 error id, $2 now, $3 notes, $4 true for those that are alike too.
update error_logs
set resolved_at = $2, notes = $3
from error_logs as chosen
where chosen.error_id = $1
    and (
        error_logs.error_id = chosen.error_id
        or (
            $4 and error_logs.resolved_at is null
            and error_logs.client_id is not distinct from chosen.client_id
            and error_logs.error_type = chosen.error_type
            and error_logs.code is not distinct from chosen.code
            and error_logs.occurred_at <= chosen.occurred_at
        )
    )
returning error_logs.error_id
