-- What was told and is not believed by itself: a row per rule that a card (or, without one, a node) has
-- broken, from when it was found until a person clears it.
CREATE TABLE findings (
  finding_id INTEGER PRIMARY KEY AUTOINCREMENT,
  rule TEXT NOT NULL,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  unit_id INTEGER REFERENCES units (unit_id),
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  hours INTEGER NOT NULL,
  figures TEXT NOT NULL,
  found_at_ms INTEGER NOT NULL,
  cleared_at_ms INTEGER,
  cleared_by TEXT,
  cleared_because TEXT,
  CHECK (until_ms > since_ms),
  CHECK ((cleared_at_ms IS NULL) = (cleared_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX findings_open ON findings (node_id, COALESCE(unit_id, 0), rule)
  WHERE cleared_at_ms IS NULL;
CREATE INDEX findings_subject ON findings (node_id, unit_id, rule);

-- The hours of each, so that an hour that is judged again is not counted twice.
CREATE TABLE finding_hours (
  finding_id INTEGER NOT NULL REFERENCES findings (finding_id),
  hour_ms INTEGER NOT NULL,
  PRIMARY KEY (finding_id, hour_ms)
) STRICT, WITHOUT ROWID;

-- Which version of a sealed hour was judged. What was sealed before this table existed is not.
CREATE TABLE judged_hours (
  hour_ms INTEGER PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT;
INSERT INTO judged_hours (hour_ms, version) SELECT hour_ms, max(version) FROM seals GROUP BY hour_ms;
