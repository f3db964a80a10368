-- Collectors that report to this one, and what they have told (DESIGN 7). Every fact is absolute: it is
-- kept under the ledger that it was first written in and its version there; a higher version takes
-- the place of a lower one, nothing is added up. Rows hold what came, whole, so that it can be
-- passed on as it is.

-- Who may report here, as nodes may.
CREATE TABLE children (
  child_number INTEGER PRIMARY KEY AUTOINCREMENT,
  child_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- Identity key of its ledger: the key it proves, and the origin of what it tells of itself.
  algorithm INTEGER NOT NULL,
  public_key TEXT NOT NULL,
  -- GB/T 2260, six digits: its sites must lie there. NULL: anywhere.
  region_code TEXT,
  -- It never connects: what it tells is brought as signed files.
  is_one_way INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  join_state INTEGER NOT NULL,
  previous_join_state INTEGER NOT NULL,
  status TEXT NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  enrolled_by TEXT NOT NULL,
  -- Its session, as `sessions` of a node.
  generation INTEGER NOT NULL DEFAULT 0,
  is_connected INTEGER NOT NULL DEFAULT 0,
  remote_address TEXT NOT NULL DEFAULT '',
  program_version TEXT NOT NULL DEFAULT '',
  connected_at_ms INTEGER,
  last_heard_ms INTEGER,
  ended_reason TEXT,
  -- While it has not yet told what it had to tell when it connected: the number it had to tell then,
  -- and since when it is so. NULL: it has.
  behind_to_seq INTEGER,
  behind_since_ms INTEGER,
  -- Records of a lower version than was held: they changed nothing.
  older_records INTEGER NOT NULL DEFAULT 0,
  UNIQUE (algorithm, public_key)
) STRICT;

-- As `epochs` of a node.
CREATE TABLE child_epochs (
  epoch_number INTEGER PRIMARY KEY,
  child_number INTEGER NOT NULL REFERENCES children (child_number),
  epoch TEXT NOT NULL,
  previous_epoch TEXT,
  is_closed INTEGER NOT NULL,
  watermark INTEGER NOT NULL,
  watermark_hash TEXT,
  began_at_ms INTEGER NOT NULL,
  begun_as TEXT NOT NULL,
  UNIQUE (child_number, epoch)
) STRICT;
CREATE UNIQUE INDEX child_epochs_current ON child_epochs (child_number) WHERE is_closed = 0;

CREATE TABLE child_refused (
  child_number INTEGER NOT NULL REFERENCES children (child_number),
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  refused_at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (child_number, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_refused_time ON child_refused (refused_at_ms);

-- Every ledger that something is told of here: each child, and those below it. `child_number`: by
-- which child it tells. The row of a child is there from its admission, with generation 0 until its
-- own report has come.
CREATE TABLE child_collectors (
  collector_number INTEGER PRIMARY KEY AUTOINCREMENT,
  origin TEXT NOT NULL UNIQUE,
  child_number INTEGER NOT NULL REFERENCES children (child_number),
  parent_origin TEXT,
  name TEXT NOT NULL,
  program_version TEXT NOT NULL,
  away_since_ms INTEGER,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX child_collectors_child ON child_collectors (child_number);

-- Of [from_ms, to_ms) nothing has come of this collector and of those below it; to_ms NULL: still.
CREATE TABLE child_silences (
  silence_id INTEGER PRIMARY KEY AUTOINCREMENT,
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number),
  from_ms INTEGER NOT NULL,
  to_ms INTEGER,
  declared_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  CHECK (to_ms IS NULL OR to_ms >= from_ms)
) STRICT;
CREATE UNIQUE INDEX child_silences_open ON child_silences (collector_number) WHERE to_ms IS NULL;
CREATE INDEX child_silences_from ON child_silences (collector_number, from_ms);

-- Whose a site is. A code that is here is in `sites` too, with its terms and declarations, so that every
-- read finds it; one that is not here is a site of our own. Written before the row of `sites`.
CREATE TABLE site_origins (
  site_code TEXT PRIMARY KEY,
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX site_origins_collector ON site_origins (collector_number);

-- `terms`, `declared`: JSON, as told.
CREATE TABLE child_sites (
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number),
  site_code TEXT NOT NULL,
  name TEXT NOT NULL,
  terms TEXT NOT NULL,
  declared TEXT NOT NULL,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  PRIMARY KEY (collector_number, site_code)
) STRICT, WITHOUT ROWID;

-- What is told of a site counts once the site itself has been told (`site_origins`); it may come first.
CREATE TABLE child_nodes (
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number),
  node_id TEXT NOT NULL,
  site_code TEXT NOT NULL,
  name TEXT NOT NULL,
  is_revoked INTEGER NOT NULL,
  cpu_cores INTEGER,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  PRIMARY KEY (collector_number, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_nodes_site ON child_nodes (site_code);

-- Whole cards. `identities`: JSON of [key number, hash, strength].
CREATE TABLE child_cards (
  collector_number INTEGER NOT NULL,
  unit_number INTEGER NOT NULL,
  node_id TEXT NOT NULL,
  site_code TEXT NOT NULL,
  accelerator_number INTEGER NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  identities TEXT NOT NULL,
  valid_from_ms INTEGER NOT NULL,
  booked_to_ms INTEGER,
  ended_reason TEXT,
  is_counted INTEGER NOT NULL,
  is_in_conflict INTEGER NOT NULL,
  -- When this collector learned of it.
  known_from_ms INTEGER NOT NULL,
  PRIMARY KEY (collector_number, unit_number),
  FOREIGN KEY (collector_number, node_id) REFERENCES child_nodes (collector_number, node_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_cards_node ON child_cards (collector_number, node_id);
CREATE INDEX child_cards_site ON child_cards (site_code, collector_number);
CREATE INDEX child_cards_from ON child_cards (valid_from_ms);

-- Vendors' own ids of these cards: the same one of two ledgers is a conflict.
CREATE TABLE child_identities (
  key_number INTEGER NOT NULL,
  hash TEXT NOT NULL,
  collector_number INTEGER NOT NULL,
  unit_number INTEGER NOT NULL,
  PRIMARY KEY (key_number, hash, collector_number, unit_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_identities_card ON child_identities (collector_number, unit_number);

-- One card that two ledgers claim at once. The claim that was there first counts, the other does not;
-- collector 0: the card is here, under its own unit number.
CREATE TABLE child_conflicts (
  conflict_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kept_collector INTEGER NOT NULL,
  kept_unit INTEGER NOT NULL,
  other_collector INTEGER NOT NULL,
  other_unit INTEGER NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  resolved_at_ms INTEGER,
  resolved_by TEXT,
  CHECK (other_collector <> 0)
) STRICT;
CREATE INDEX child_conflicts_other ON child_conflicts (other_collector, other_unit);
CREATE INDEX child_conflicts_kept ON child_conflicts (kept_collector, kept_unit);

-- The latest of each hour of a site. `buckets`: JSON, see children-rows.ts.
CREATE TABLE child_hours (
  hour_ms INTEGER NOT NULL,
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number),
  site_code TEXT NOT NULL,
  seal_version INTEGER NOT NULL,
  known_at_ms INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  -- What its states leave of the valid time of the cards that were known then, in ms; 0: balanced.
  unbalanced_ms INTEGER NOT NULL,
  buckets TEXT NOT NULL,
  PRIMARY KEY (hour_ms, collector_number, site_code)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_hours_unbalanced ON child_hours (received_at_ms) WHERE unbalanced_ms <> 0;

-- How the cards of a site were at instants, each until the next: every change of the last 48 hours, of
-- before that one an hour. `counts`, `nodes`: JSON.
CREATE TABLE child_counts (
  site_code TEXT NOT NULL,
  collector_number INTEGER NOT NULL REFERENCES child_collectors (collector_number),
  at_ms INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  counts TEXT NOT NULL,
  nodes TEXT NOT NULL,
  PRIMARY KEY (site_code, collector_number, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX child_counts_time ON child_counts (at_ms);

-- The newest checkpoint of each ledger that stood its test.
CREATE TABLE child_checkpoints (
  collector_number INTEGER PRIMARY KEY REFERENCES child_collectors (collector_number),
  log_origin TEXT NOT NULL,
  tree_size INTEGER NOT NULL,
  root_hash TEXT NOT NULL,
  note TEXT NOT NULL,
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL
) STRICT;

-- An enrollment token of a child names it; nodes' tokens name a site instead.
ALTER TABLE tokens ADD COLUMN child_name TEXT;
