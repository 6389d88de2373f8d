-- What the model may cost in a day, held by each try until its calls are booked; and what a try leaves
-- for the next one: when the first began, and what was already written down.

-- Up Migration

-- What is held is told by the open tries themselves, so that no crash loses or doubles any of it.
alter table tasks
    add column first_taken_at timestamptz,
    add column transcripts jsonb,
    add column reserved_cost numeric(38, 18)
        check (reserved_cost >= 0 and reserved_cost < 'NaN'),
    add column reserved_on date,
    add constraint tasks_reserved check ((reserved_cost is null) = (reserved_on is null));
comment on column tasks.first_taken_at is 'When the first try began; "still working" counts from it.';
comment on column tasks.transcripts is 'What was said, by the place of the recording; until the task ends.';
comment on column tasks.reserved_cost is 'What the try under way may cost at most; the next one replaces it.';
comment on column tasks.reserved_on is 'The day whose caps of the model''s cost the try counts for.';
create index tasks_reserved on tasks (client_id, reserved_on) where reserved_cost is not null;

alter table sms_spend
    drop constraint sms_spend_scope_check,
    add constraint sms_spend_scope_check
        check (scope in ('number', 'client', 'model-number', 'model-client'));
comment on column sms_spend.scope is 'Texts of a number or of the client; the model''s calls for either.';

alter table sms_users add column model_cap_told_on date;
comment on column sms_users.model_cap_told_on is 'The day on which the person was told that a cap is reached.';
