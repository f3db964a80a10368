-- Sums kept over buckets (sums.ts): of the whole country and of each province by hour, day and month,
-- of each site by day and month. Hours, days and months that were sealed before this file are kept
-- later, one after the other; until then their buckets are added up when somebody asks.

-- Where a site lay and who ran it, by its terms of an hour when that hour was sealed or corrected.
CREATE TABLE places (
  place_id INTEGER PRIMARY KEY,
  region_code TEXT NOT NULL,
  operator_code TEXT NOT NULL,
  UNIQUE (region_code, operator_code)
) STRICT;
INSERT INTO places (region_code, operator_code)
  SELECT DISTINCT region_code, COALESCE(operator_code, '') FROM site_terms ORDER BY 1, 2;
ALTER TABLE buckets ADD COLUMN place_id INTEGER REFERENCES places (place_id);
-- Of hours sealed before: by the terms as they are told now. Before its first a site is under its first.
UPDATE buckets SET place_id = (
  SELECT p.place_id FROM site_terms t JOIN places p
    ON p.region_code = t.region_code AND p.operator_code = COALESCE(t.operator_code, '')
  WHERE t.site_code = buckets.site_code
  ORDER BY t.valid_from_ms <= buckets.hour_ms DESC, abs(t.valid_from_ms - buckets.hour_ms) LIMIT 1);

-- Spans of which sums are kept: grain 0 an hour, 1 a civil day, 2 a civil month; of one grain no two
-- overlap. Asked for what was known before `known_from_ms`, the sums of a span do not serve.
CREATE TABLE sum_periods (
  grain INTEGER NOT NULL CHECK (grain IN (0, 1, 2)),
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  known_from_ms INTEGER NOT NULL,
  PRIMARY KEY (grain, from_ms),
  CHECK (to_ms > from_ms)
) STRICT, WITHOUT ROWID;

-- What was known at an instant is the sum of the rows known by then: a first row, and one for each
-- later instant at which something moved, by how much. `buckets`: how many were added up.
-- Area 00: the whole country; else the first two digits of GB/T 2260.
CREATE TABLE area_sums (
  area TEXT NOT NULL,
  grain INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  known_at_ms INTEGER NOT NULL,
  buckets INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  allocated_ms INTEGER NOT NULL,
  occupied_ms INTEGER NOT NULL,
  free_ms INTEGER NOT NULL,
  faulty_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  lent_ms INTEGER NOT NULL,
  deposited_ms INTEGER NOT NULL,
  active_ms INTEGER NOT NULL,
  given_ms INTEGER NOT NULL,
  energy_joules INTEGER NOT NULL,
  samples_expected INTEGER NOT NULL,
  samples_got INTEGER NOT NULL,
  samples_zero INTEGER NOT NULL,
  samples_below_tenth INTEGER NOT NULL,
  PRIMARY KEY (area, grain, from_ms, profile_id, known_at_ms)
) STRICT, WITHOUT ROWID;

-- By site first: a scope or a filter is a list of sites.
CREATE TABLE site_sums (
  site_code TEXT NOT NULL REFERENCES sites (code),
  grain INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  place_id INTEGER NOT NULL REFERENCES places (place_id),
  owner_code TEXT NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  known_at_ms INTEGER NOT NULL,
  buckets INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  allocated_ms INTEGER NOT NULL,
  occupied_ms INTEGER NOT NULL,
  free_ms INTEGER NOT NULL,
  faulty_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  lent_ms INTEGER NOT NULL,
  deposited_ms INTEGER NOT NULL,
  active_ms INTEGER NOT NULL,
  given_ms INTEGER NOT NULL,
  energy_joules INTEGER NOT NULL,
  samples_expected INTEGER NOT NULL,
  samples_got INTEGER NOT NULL,
  samples_zero INTEGER NOT NULL,
  samples_below_tenth INTEGER NOT NULL,
  PRIMARY KEY (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms)
) STRICT, WITHOUT ROWID;
