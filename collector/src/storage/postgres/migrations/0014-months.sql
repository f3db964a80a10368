-- What single cards did comes by the month and goes by the month: runs by their start and hours of
-- cards lie in partitions, so that a month goes as one (months.ts). Partitions touch: the first
-- holds everything before the next, whatever its age, and is what the table was until now; a month
-- is made when the first of its rows comes. Keys lead with the card as before.

ALTER TABLE runs RENAME TO runs_before;
ALTER TABLE runs_before RENAME CONSTRAINT runs_pkey TO runs_before_pkey;
ALTER INDEX runs_clock RENAME TO runs_before_clock;
CREATE TABLE runs (LIKE runs_before INCLUDING CONSTRAINTS, PRIMARY KEY (unit_id, start_ms))
  PARTITION BY RANGE (start_ms);
CREATE INDEX runs_clock ON runs (end_ms) WHERE code = 35;

ALTER TABLE unit_hours RENAME TO unit_hours_before;
ALTER TABLE unit_hours_before RENAME CONSTRAINT unit_hours_pkey TO unit_hours_before_pkey;
ALTER INDEX unit_hours_hour RENAME TO unit_hours_before_hour;
CREATE TABLE unit_hours (LIKE unit_hours_before, PRIMARY KEY (unit_id, hour_ms))
  PARTITION BY RANGE (hour_ms);
CREATE INDEX unit_hours_hour ON unit_hours (hour_ms);

-- To the end of the month after the last row: until then a collector of the version before, which
-- makes no months, can go on beside this one. An empty table begins with its first row.
DO $$
DECLARE
  timed record;
  last_ms bigint;
  end_ms bigint;
BEGIN
  FOR timed IN SELECT * FROM (VALUES ('runs', 'start_ms'), ('unit_hours', 'hour_ms')) t (name, at)
  LOOP
    EXECUTE format('SELECT max(%I) FROM %I', timed.at, timed.name || '_before') INTO last_ms;
    end_ms := coalesce(extract(epoch FROM interval '2 months'
      + date_trunc('month', to_timestamp(last_ms / 1000.0) AT TIME ZONE 'UTC')) * 1000, 0);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)',
      timed.name, timed.name || '_before', end_ms);
  END LOOP;
END $$;
