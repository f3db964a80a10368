-- Collectors that report to this one, and what they have told (DESIGN 7). Every fact is absolute:
-- it is kept under the ledger that it was first written in and its version there; a higher version
-- takes the place of a lower one, nothing is added up. Rows hold what came, whole, so that it can
-- be passed on as it is.

-- Who may report here, as nodes may.
CREATE TABLE children (
  child_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  child_id text COLLATE "C" NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL,
  -- Identity key of its ledger: the key it proves, and the origin of what it tells of itself.
  algorithm bigint NOT NULL,
  public_key text COLLATE "C" NOT NULL,
  -- GB/T 2260, six digits: its sites must lie there. NULL: anywhere.
  region_code text COLLATE "C",
  -- It never connects: what it tells is brought as signed files.
  is_one_way boolean NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  join_state bigint NOT NULL,
  previous_join_state bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  enrolled_at_ms bigint NOT NULL,
  enrolled_by text COLLATE "C" NOT NULL,
  -- Its session, as `sessions` of a node.
  generation bigint NOT NULL DEFAULT 0,
  is_connected boolean NOT NULL DEFAULT false,
  remote_address text COLLATE "C" NOT NULL DEFAULT '',
  program_version text COLLATE "C" NOT NULL DEFAULT '',
  connected_at_ms bigint,
  last_heard_ms bigint,
  ended_reason text COLLATE "C",
  -- While it has not yet told what it had to tell when it connected: the number it had to tell
  -- then, and since when it is so. NULL: it has.
  behind_to_seq bigint,
  behind_since_ms bigint,
  -- Records of a lower version than was held: they changed nothing.
  older_records bigint NOT NULL DEFAULT 0,
  UNIQUE (algorithm, public_key)
);

-- As `epochs` of a node.
CREATE TABLE child_epochs (
  epoch_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  child_number bigint NOT NULL REFERENCES children (child_number),
  epoch text COLLATE "C" NOT NULL,
  previous_epoch text COLLATE "C",
  is_closed boolean NOT NULL,
  watermark bigint NOT NULL,
  watermark_hash text COLLATE "C",
  began_at_ms bigint NOT NULL,
  begun_as text COLLATE "C" NOT NULL,
  UNIQUE (child_number, epoch)
);
CREATE UNIQUE INDEX child_epochs_current ON child_epochs (child_number) WHERE NOT is_closed;

CREATE TABLE child_refused (
  child_number bigint NOT NULL REFERENCES children (child_number),
  epoch text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  sentence text COLLATE "C" NOT NULL,
  refused_at_ms bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (child_number, epoch, seq)
);
CREATE INDEX child_refused_time ON child_refused (refused_at_ms);

-- Every ledger that something is told of here: each child, and those below it. `child_number`: by
-- which child it tells. The row of a child is there from its admission, with generation 0 until its
-- own report has come.
CREATE TABLE child_collectors (
  collector_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin text COLLATE "C" NOT NULL UNIQUE,
  child_number bigint NOT NULL REFERENCES children (child_number),
  parent_origin text COLLATE "C",
  name text COLLATE "C" NOT NULL,
  program_version text COLLATE "C" NOT NULL,
  away_since_ms bigint,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL
);
CREATE INDEX child_collectors_child ON child_collectors (child_number);

-- Of [from_ms, to_ms) nothing has come of this collector and of those below it; to_ms NULL: still.
CREATE TABLE child_silences (
  silence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number),
  from_ms bigint NOT NULL,
  to_ms bigint,
  declared_at_ms bigint NOT NULL,
  ended_at_ms bigint,
  CHECK (to_ms IS NULL OR to_ms >= from_ms)
);
CREATE UNIQUE INDEX child_silences_open ON child_silences (collector_number) WHERE to_ms IS NULL;
CREATE INDEX child_silences_from ON child_silences (collector_number, from_ms);

-- Whose a site is. A code that is here is in `sites` too, with its terms and declarations, so that
-- every read finds it; one that is not here is a site of our own. Written before the row of
-- `sites`.
CREATE TABLE site_origins (
  site_code text COLLATE "C" PRIMARY KEY,
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number)
);
CREATE INDEX site_origins_collector ON site_origins (collector_number);

-- `terms`, `declared`: JSON, as told.
CREATE TABLE child_sites (
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number),
  site_code text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  terms text COLLATE "C" NOT NULL,
  declared text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL,
  PRIMARY KEY (collector_number, site_code)
);

-- What is told of a site counts once the site itself has been told (`site_origins`); it may come
-- first.
CREATE TABLE child_nodes (
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number),
  node_id text COLLATE "C" NOT NULL,
  site_code text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  is_revoked boolean NOT NULL,
  cpu_cores bigint,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL,
  PRIMARY KEY (collector_number, node_id)
);
CREATE INDEX child_nodes_site ON child_nodes (site_code);

-- Whole cards. `identities`: JSON of [key number, hash, strength].
CREATE TABLE child_cards (
  collector_number bigint NOT NULL,
  unit_number bigint NOT NULL,
  node_id text COLLATE "C" NOT NULL,
  site_code text COLLATE "C" NOT NULL,
  accelerator_number bigint NOT NULL,
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  identities text COLLATE "C" NOT NULL,
  valid_from_ms bigint NOT NULL,
  booked_to_ms bigint,
  ended_reason text COLLATE "C",
  is_counted boolean NOT NULL,
  is_in_conflict boolean NOT NULL,
  -- When this collector learned of it.
  known_from_ms bigint NOT NULL,
  PRIMARY KEY (collector_number, unit_number),
  FOREIGN KEY (collector_number, node_id) REFERENCES child_nodes (collector_number, node_id)
);
CREATE INDEX child_cards_node ON child_cards (collector_number, node_id);
CREATE INDEX child_cards_site ON child_cards (site_code, collector_number);
CREATE INDEX child_cards_from ON child_cards (valid_from_ms);

-- Vendors' own ids of these cards: the same one of two ledgers is a conflict.
CREATE TABLE child_identities (
  key_number bigint NOT NULL,
  hash text COLLATE "C" NOT NULL,
  collector_number bigint NOT NULL,
  unit_number bigint NOT NULL,
  PRIMARY KEY (key_number, hash, collector_number, unit_number)
);
CREATE INDEX child_identities_card ON child_identities (collector_number, unit_number);

-- One card that two ledgers claim at once. The claim that was there first counts, the other does
-- not; collector 0: the card is here, under its own unit number.
CREATE TABLE child_conflicts (
  conflict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kept_collector bigint NOT NULL,
  kept_unit bigint NOT NULL,
  other_collector bigint NOT NULL,
  other_unit bigint NOT NULL,
  opened_at_ms bigint NOT NULL,
  resolved_at_ms bigint,
  resolved_by text COLLATE "C",
  CHECK (other_collector <> 0)
);
CREATE INDEX child_conflicts_other ON child_conflicts (other_collector, other_unit);
CREATE INDEX child_conflicts_kept ON child_conflicts (kept_collector, kept_unit);

-- The latest of each hour of a site. `buckets`: JSON, see children-rows.ts.
CREATE TABLE child_hours (
  hour_ms bigint NOT NULL,
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number),
  site_code text COLLATE "C" NOT NULL,
  seal_version bigint NOT NULL,
  known_at_ms bigint NOT NULL,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL,
  -- What its states leave of the valid time of the cards that were known then, in ms; 0: balanced.
  unbalanced_ms bigint NOT NULL,
  buckets text COLLATE "C" NOT NULL,
  PRIMARY KEY (hour_ms, collector_number, site_code)
);
CREATE INDEX child_hours_unbalanced ON child_hours (received_at_ms) WHERE unbalanced_ms <> 0;

-- How the cards of a site were at instants, each until the next: every change of the last 48 hours,
-- of before that one an hour. `counts`, `nodes`: JSON.
CREATE TABLE child_counts (
  site_code text COLLATE "C" NOT NULL,
  collector_number bigint NOT NULL REFERENCES child_collectors (collector_number),
  at_ms bigint NOT NULL,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL,
  counts text COLLATE "C" NOT NULL,
  nodes text COLLATE "C" NOT NULL,
  PRIMARY KEY (site_code, collector_number, at_ms)
);
CREATE INDEX child_counts_time ON child_counts (at_ms);

-- The newest checkpoint of each ledger that stood its test.
CREATE TABLE child_checkpoints (
  collector_number bigint PRIMARY KEY REFERENCES child_collectors (collector_number),
  log_origin text COLLATE "C" NOT NULL,
  tree_size bigint NOT NULL,
  root_hash text COLLATE "C" NOT NULL,
  note text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  number bigint NOT NULL,
  received_at_ms bigint NOT NULL
);

-- An enrollment token of a child names it; nodes' tokens name a site instead.
ALTER TABLE tokens ADD COLUMN child_name text COLLATE "C";
