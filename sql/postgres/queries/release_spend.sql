-- Gives back what was reserved for a text that was not sent.
-- params: $1 client, $2 number, $3 day, $4 segments, $5 cost, $6 scopes.
update sms_spend
set segments = greatest(0, segments - $4), cost = greatest(0, cost - $5)
where client_id = $1 and spent_on = $3 and scope = any ($6::text[])
    and name = case scope
        when 'number' then encode(number_name($1, $2), 'hex')
        else $1
    end
