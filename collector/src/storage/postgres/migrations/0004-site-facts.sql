-- Every statement of a site's terms in the order it was made, so that terms can be read as they
-- were known at an instant.
CREATE TABLE site_terms_said (
  said_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  said_at_ms bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  valid_from_ms bigint NOT NULL,
  valid_to_ms bigint,
  operator_code text COLLATE "C",
  operator_name text COLLATE "C",
  owner_code text COLLATE "C",
  owner_name text COLLATE "C",
  region_code text COLLATE "C" NOT NULL,
  keep text COLLATE "C" NOT NULL
);

-- What a node's facts said of how possession of its cards is proven, and of its processor cores; a
-- row for each change.
CREATE TABLE node_traits (
  trait_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  from_ms bigint NOT NULL,
  known_from_ms bigint NOT NULL,
  owner_kind text COLLATE "C" NOT NULL,
  cpu_cores bigint
);
CREATE INDEX node_traits_node ON node_traits (node_id, from_ms);

-- What sites state of themselves, in the order it was stated: JSON of the fact's value, `null`
-- where it is withdrawn. A statement holds from its instant on, until a later one of its kind takes
-- its place.
CREATE TABLE site_facts (
  fact_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  kind text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  author text COLLATE "C" NOT NULL,
  stated_at_ms bigint NOT NULL,
  valid_from_ms bigint NOT NULL
);
CREATE INDEX site_facts_site ON site_facts (site_code, kind);

-- Our numbers of what is known by a text; accelerators have one anyway, hubs in the catalogue.
CREATE TABLE thing_numbers (
  kind text COLLATE "C" NOT NULL,
  number bigint NOT NULL CHECK (number >= 1),
  key text COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, number),
  UNIQUE (kind, key)
);

-- Codes that others have issued for our things, in the order they were recorded; value null: taken
-- back.
CREATE TABLE issued_codes (
  record_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  code_use text COLLATE "C" NOT NULL,
  value text COLLATE "C",
  issued_by text COLLATE "C" NOT NULL,
  valid_from_ms bigint NOT NULL,
  recorded_at_ms bigint NOT NULL,
  author text COLLATE "C" NOT NULL
);
CREATE INDEX issued_codes_thing ON issued_codes (kind, number);
CREATE INDEX issued_codes_value ON issued_codes (scheme, code_use, value);
