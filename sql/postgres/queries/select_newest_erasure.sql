-- What tells whether anybody was erased since: how many were, and who last.
-- params: none.
-- why: both, for a clock may have been set back.
select
    case when count(*) = 0 then ''
        else concat(count(*), ' ', (array_agg(erasure_id order by finished_at desc, erasure_id))[1])
    end as mark
from erasures
where finished_at is not null
