-- The clients, each with the kinds of data that it keeps for another time than by default.
-- params: none.
select
    clients.client_id,
    coalesce(
        jsonb_object_agg(policies.kind, policies.days) filter (where policies.kind is not null),
        '{}'
    ) as days_by_kind
from clients
left join retention_policies as policies on policies.client_id = clients.client_id
group by clients.client_id
order by clients.client_id
