-- What a schedule needs beside when and where: whose jobs it makes, what it fetched last, and how its last run went.

alter table import_schedules
    -- The supplier's code when the schedule was made, kept for its jobs: the supplier itself lives in db_catalog.
    add column supplier_code text not null,
    -- By what the file that was imported last is known again, so that the same one is not fetched twice.
    add column validators jsonb,
    -- How the last run went: fired and not yet heard of, fetched, not modified, failed, or why there was none.
    add column last_outcome text check (last_outcome in
        ('fired', 'fetched', 'not_modified', 'failed', 'missed', 'unfinished')),
    add column last_detail text,
    add column last_outcome_at timestamptz;
