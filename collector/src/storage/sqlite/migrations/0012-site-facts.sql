-- Every statement of a site's terms in the order it was made, so that terms can be read as they were
-- known at an instant. What was said before this table existed counts as known always.
CREATE TABLE site_terms_said (
  said_number INTEGER PRIMARY KEY AUTOINCREMENT,
  site_code TEXT NOT NULL REFERENCES sites (code),
  said_at_ms INTEGER NOT NULL,
  name TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  valid_to_ms INTEGER,
  operator_code TEXT,
  operator_name TEXT,
  owner_code TEXT,
  owner_name TEXT,
  region_code TEXT NOT NULL,
  keep TEXT NOT NULL
) STRICT;
INSERT INTO site_terms_said (site_code, said_at_ms, name, valid_from_ms, valid_to_ms, operator_code,
    operator_name, owner_code, owner_name, region_code, keep)
  SELECT t.site_code, 0, s.name, t.valid_from_ms, t.valid_to_ms, t.operator_code, t.operator_name,
    t.owner_code, t.owner_name, t.region_code, t.keep
  FROM site_terms t JOIN sites s ON s.code = t.site_code ORDER BY t.site_code, t.valid_from_ms;

-- What a node's facts said of how possession of its cards is proven, and of its processor cores; a row
-- for each change. What was told before this table existed counts as known always.
CREATE TABLE node_traits (
  trait_number INTEGER PRIMARY KEY AUTOINCREMENT,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  from_ms INTEGER NOT NULL,
  known_from_ms INTEGER NOT NULL,
  owner_kind TEXT NOT NULL,
  cpu_cores INTEGER
) STRICT;
CREATE INDEX node_traits_node ON node_traits (node_id, from_ms);
INSERT INTO node_traits (node_id, from_ms, known_from_ms, owner_kind, cpu_cores)
  SELECT node_id, 0, 0, json_extract(facts, '$.ownerKind'), json_extract(facts, '$.cpuCores')
  FROM node_facts ORDER BY node_id;

-- What sites state of themselves, in the order it was stated: JSON of the fact's value, `null` where it
-- is withdrawn. A statement holds from its instant on, until a later one of its kind takes its place.
CREATE TABLE site_facts (
  fact_number INTEGER PRIMARY KEY AUTOINCREMENT,
  site_code TEXT NOT NULL REFERENCES sites (code),
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  author TEXT NOT NULL,
  stated_at_ms INTEGER NOT NULL,
  valid_from_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX site_facts_site ON site_facts (site_code, kind);

-- Our numbers of what is known by a text; accelerators have one anyway, hubs in the catalogue.
CREATE TABLE thing_numbers (
  kind TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  key TEXT NOT NULL,
  PRIMARY KEY (kind, number),
  UNIQUE (kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO thing_numbers (kind, number, key)
  SELECT 'site', row_number() OVER (ORDER BY code), code FROM sites;
INSERT INTO thing_numbers (kind, number, key)
  SELECT 'node', row_number() OVER (ORDER BY enrolled_at_ms, node_id), node_id FROM nodes;

-- Codes that others have issued for our things, in the order they were recorded; value null: taken back.
CREATE TABLE issued_codes (
  record_number INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  code_use TEXT NOT NULL,
  value TEXT,
  issued_by TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  recorded_at_ms INTEGER NOT NULL,
  author TEXT NOT NULL
) STRICT;
CREATE INDEX issued_codes_thing ON issued_codes (kind, number);
CREATE INDEX issued_codes_value ON issued_codes (scheme, code_use, value);

-- Processor time of nodes, in core-milliseconds: of the running hour in the open row (open-row.ts), of
-- hours that are over here, written once.
ALTER TABLE open_nodes ADD COLUMN cpu TEXT;
CREATE TABLE node_hours (
  hour_ms INTEGER NOT NULL,
  node_id TEXT NOT NULL,
  cpu_busy_ms INTEGER NOT NULL,
  cpu_total_ms INTEGER NOT NULL,
  told_ms INTEGER NOT NULL,
  known_at_ms INTEGER NOT NULL,
  PRIMARY KEY (hour_ms, node_id),
  CHECK (cpu_busy_ms <= cpu_total_ms)
) STRICT, WITHOUT ROWID;
