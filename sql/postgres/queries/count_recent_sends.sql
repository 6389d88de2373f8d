-- Texts that went out to a pair since an instant, of the newest ones.
-- params: $1 client, $2 from, $3 to, $4 since, $5 but this one, $6 how many to look at.
-- why: a pair's texts go out in their order, so whatever is older need not be read.
select count(*)::integer as sends
from (
    select claimed_at
    from sms_outbox
    where client_id = $1 and from_number = $2 and to_number = $3
        and state in ('sending', 'uncertain', 'sent') and outbox_id <> $5
    order by place desc
    limit $6
) as newest
where claimed_at > $4
