-- A text outside the calendar would be in no report.
-- grain: client_id, message_sid that is missing from the mart
-- params: none
select
    texts.client_id,
    texts.message_sid,
    texts.happened_at
from staging.stg_books__texts as texts
anti join marts.sms_texts as dated
    on texts.client_id = dated.client_id
    and texts.message_sid = dated.message_sid
