-- What was told and is not believed by itself: a row per rule that a card (or, without one, a node)
-- has broken, from when it was found until a person clears it.
CREATE TABLE findings (
  finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text COLLATE "C" NOT NULL,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  unit_id bigint REFERENCES units (unit_id),
  since_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  hours bigint NOT NULL,
  figures text COLLATE "C" NOT NULL,
  found_at_ms bigint NOT NULL,
  cleared_at_ms bigint,
  cleared_by text COLLATE "C",
  cleared_because text COLLATE "C",
  CHECK (until_ms > since_ms),
  CHECK ((cleared_at_ms IS NULL) = (cleared_by IS NULL))
);
CREATE UNIQUE INDEX findings_open ON findings (node_id, COALESCE(unit_id, 0), rule)
  WHERE cleared_at_ms IS NULL;
CREATE INDEX findings_subject ON findings (node_id, unit_id, rule);

-- The hours of each, so that an hour that is judged again is not counted twice.
CREATE TABLE finding_hours (
  finding_id bigint NOT NULL REFERENCES findings (finding_id),
  hour_ms bigint NOT NULL,
  PRIMARY KEY (finding_id, hour_ms)
);

-- Which version of a sealed hour was judged.
CREATE TABLE judged_hours (
  hour_ms bigint PRIMARY KEY,
  version bigint NOT NULL
);
