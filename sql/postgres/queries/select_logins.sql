-- All logins for the pipeline and the owner.
-- params: none.
select role_name, client_id, user_id, kind, label, created_at
from database_logins
order by client_id, kind, user_id, created_at, role_name
