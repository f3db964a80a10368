-- The whole account of one collector. Times are UTC epoch ms, spans half-open, NULL = still.
-- Migrations are forward only: a file that has been released is never changed.

CREATE TABLE ledger (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  generation INTEGER NOT NULL,
  origin TEXT NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  identity_key_number INTEGER NOT NULL,
  identity_key TEXT NOT NULL,
  is_demo INTEGER NOT NULL
) STRICT;

-- change_seq numbers every write of an open row: followers read the timeline by it.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('change_seq', 0);
CREATE TABLE cursors (follower TEXT PRIMARY KEY, change_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- ---- sites, tokens, roster ---------------------------------------------------------------------

CREATE TABLE sites (code TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE site_terms (
  site_code TEXT NOT NULL REFERENCES sites (code),
  valid_from_ms INTEGER NOT NULL,
  valid_to_ms INTEGER,
  operator_code TEXT,
  operator_name TEXT,
  owner_code TEXT,
  owner_name TEXT,
  region_code TEXT NOT NULL,
  PRIMARY KEY (site_code, valid_from_ms),
  CHECK (valid_to_ms IS NULL OR valid_to_ms > valid_from_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE declared (
  site_code TEXT NOT NULL REFERENCES sites (code),
  model TEXT NOT NULL,
  declared_at_ms INTEGER NOT NULL,
  cards INTEGER NOT NULL,
  declared_milli_p INTEGER NOT NULL,
  basis TEXT NOT NULL,
  author TEXT NOT NULL,
  PRIMARY KEY (site_code, model, declared_at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  site_code TEXT REFERENCES sites (code),
  role TEXT,
  region_code TEXT,
  cidr TEXT,
  uses_left INTEGER CHECK (uses_left IS NULL OR uses_left >= 0),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
  node_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  site_code TEXT NOT NULL REFERENCES sites (code),
  algorithm INTEGER NOT NULL,
  public_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  join_state INTEGER NOT NULL,
  previous_join_state INTEGER NOT NULL,
  status TEXT NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  enrolled_by TEXT NOT NULL,
  UNIQUE (algorithm, public_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_site ON nodes (site_code);

CREATE TABLE sessions (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  generation INTEGER NOT NULL,
  is_connected INTEGER NOT NULL,
  collector_instance TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  connected_at_ms INTEGER NOT NULL,
  last_heard_ms INTEGER NOT NULL,
  ended_reason TEXT,
  clock_offset_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE clones (
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  fingerprint TEXT NOT NULL,
  reason TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  PRIMARY KEY (node_id, fingerprint, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE epochs (
  epoch_number INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  epoch TEXT NOT NULL,
  previous_epoch TEXT,
  is_closed INTEGER NOT NULL,
  watermark INTEGER NOT NULL,
  watermark_hash TEXT,
  UNIQUE (node_id, epoch)
) STRICT;
-- A node writes into one spool at a time.
CREATE UNIQUE INDEX epochs_current ON epochs (node_id) WHERE is_closed = 0;

CREATE TABLE node_facts (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  received_at_ms INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  facts TEXT NOT NULL,
  -- JSON of [index, unit_id] pairs: the unit behind each index of these facts.
  placements TEXT NOT NULL
) STRICT;

-- ---- inventory ---------------------------------------------------------------------------------

CREATE TABLE accelerators (
  accelerator_id INTEGER PRIMARY KEY AUTOINCREMENT,
  first_seen_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE identities (
  key_number INTEGER NOT NULL,
  hash TEXT NOT NULL,
  strength TEXT NOT NULL,
  accelerator_id INTEGER NOT NULL REFERENCES accelerators (accelerator_id),
  valid_from_ms INTEGER NOT NULL,
  PRIMARY KEY (key_number, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
  profile_id INTEGER PRIMARY KEY,
  vendor TEXT NOT NULL,
  printed_name TEXT NOT NULL,
  memory_total_mib INTEGER,
  power_cap_watts INTEGER
) STRICT;
CREATE UNIQUE INDEX profiles_content ON profiles
  (vendor, printed_name, COALESCE(memory_total_mib, -1), COALESCE(power_cap_watts, -1));

CREATE TABLE units (
  unit_id INTEGER PRIMARY KEY AUTOINCREMENT,
  accelerator_id INTEGER NOT NULL REFERENCES accelerators (accelerator_id),
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  kind TEXT NOT NULL,
  parent_unit_id INTEGER REFERENCES units (unit_id),
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  share_ppm INTEGER NOT NULL,
  driver_version TEXT,
  strongest_identity TEXT,
  valid_from_ms INTEGER NOT NULL,
  valid_to_ms INTEGER,
  booked_to_ms INTEGER,
  valid_to_reason TEXT,
  is_in_conflict INTEGER NOT NULL DEFAULT 0,
  is_counted INTEGER NOT NULL DEFAULT 1,
  -- When the collector learned of this placement; before that no answer shows it.
  known_from_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX units_node ON units (node_id, unit_id);
CREATE INDEX units_accelerator ON units (accelerator_id, unit_id);

CREATE TABLE conflicts (
  conflict_id INTEGER PRIMARY KEY AUTOINCREMENT,
  accelerator_id INTEGER NOT NULL REFERENCES accelerators (accelerator_id),
  kept_unit_id INTEGER NOT NULL REFERENCES units (unit_id),
  other_unit_id INTEGER NOT NULL REFERENCES units (unit_id),
  from_ms INTEGER NOT NULL,
  to_ms INTEGER,
  opened_at_ms INTEGER NOT NULL,
  resolved_at_ms INTEGER,
  resolved_by TEXT,
  CHECK (kept_unit_id <> other_unit_id)
) STRICT;
CREATE INDEX conflicts_kept ON conflicts (kept_unit_id);
CREATE INDEX conflicts_other ON conflicts (other_unit_id);

-- ---- timeline ----------------------------------------------------------------------------------

-- One row per node and minute is all that a quiet fleet writes. `units` is compact JSON, see
-- open-row.ts; it stands last, so that a scan by time does not touch its overflow pages.
CREATE TABLE open_nodes (
  node_id TEXT PRIMARY KEY REFERENCES nodes (node_id),
  change_seq INTEGER NOT NULL,
  timeline_end_ms INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  facts_revision INTEGER NOT NULL,
  policy TEXT,
  units TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX open_nodes_change ON open_nodes (change_seq);

-- Clustered by unit and start: a unit's history is one range. Runs of a unit only grow at the end.
CREATE TABLE runs (
  unit_id INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  code INTEGER NOT NULL,
  recorded_at_ms INTEGER,
  PRIMARY KEY (unit_id, start_ms),
  CHECK (end_ms > start_ms)
) STRICT, WITHOUT ROWID;

-- By hour first: an hour is written by the whole fleet at once and read as a whole.
CREATE TABLE unit_hours (
  hour_ms INTEGER NOT NULL,
  unit_id INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  allocated_ms INTEGER NOT NULL,
  occupied_ms INTEGER NOT NULL,
  free_ms INTEGER NOT NULL,
  faulty_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  class_b_ms INTEGER NOT NULL,
  active_ms INTEGER NOT NULL,
  given_ms INTEGER NOT NULL,
  samples_expected INTEGER NOT NULL,
  samples_got INTEGER NOT NULL,
  samples_zero INTEGER NOT NULL,
  samples_below_tenth INTEGER NOT NULL,
  samples_utilization INTEGER NOT NULL,
  utilization_sum_permille INTEGER NOT NULL,
  utilization_max_permille INTEGER,
  memory_used_mib_max INTEGER,
  energy_joules INTEGER,
  temperature_celsius_max INTEGER,
  PRIMARY KEY (hour_ms, unit_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE closed_windows (
  unit_id INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  age_start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  proven_ms INTEGER NOT NULL,
  end_code INTEGER NOT NULL,
  PRIMARY KEY (unit_id, start_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE silences (
  silence_id INTEGER PRIMARY KEY AUTOINCREMENT,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  unit_id INTEGER REFERENCES units (unit_id),
  from_ms INTEGER NOT NULL,
  to_ms INTEGER,
  code INTEGER NOT NULL,
  declared_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX silences_node ON silences (node_id, from_ms);
CREATE INDEX silences_to ON silences (to_ms);
-- A node is silent once, however often that is noticed.
CREATE UNIQUE INDEX silences_open_node ON silences (node_id) WHERE unit_id IS NULL AND to_ms IS NULL;

CREATE TABLE refused (
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  code TEXT NOT NULL,
  sentence TEXT NOT NULL,
  refused_at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (node_id, epoch, seq)
) STRICT;
CREATE INDEX refused_time ON refused (refused_at_ms);

-- ---- bank --------------------------------------------------------------------------------------

CREATE TABLE deposits (
  deposit_number INTEGER PRIMARY KEY AUTOINCREMENT,
  deposit_id TEXT NOT NULL UNIQUE,
  unit_id INTEGER NOT NULL REFERENCES units (unit_id),
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  window_start_ms INTEGER NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  close_reason TEXT,
  CHECK (closed_at_ms IS NULL OR closed_at_ms >= opened_at_ms)
) STRICT;
CREATE UNIQUE INDEX deposits_open_unit ON deposits (unit_id) WHERE closed_at_ms IS NULL;
CREATE INDEX deposits_unit ON deposits (unit_id, opened_at_ms);
CREATE INDEX deposits_open_node ON deposits (node_id) WHERE closed_at_ms IS NULL;
CREATE INDEX deposits_closed ON deposits (closed_at_ms);

-- ---- journal -----------------------------------------------------------------------------------

CREATE TABLE outbox (
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- ---- rollup ------------------------------------------------------------------------------------

CREATE TABLE seals (
  hour_ms INTEGER NOT NULL,
  version INTEGER NOT NULL,
  sealed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (hour_ms, version)
) STRICT, WITHOUT ROWID;

-- Sealed hours that have changed since.
CREATE TABLE dirty_hours (hour_ms INTEGER PRIMARY KEY) STRICT;

CREATE TABLE buckets (
  hour_ms INTEGER NOT NULL,
  version INTEGER NOT NULL,
  site_code TEXT NOT NULL,
  owner_code TEXT NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  cards INTEGER NOT NULL,
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
  PRIMARY KEY (hour_ms, version, site_code, owner_code, profile_id),
  FOREIGN KEY (hour_ms, version) REFERENCES seals (hour_ms, version)
) STRICT, WITHOUT ROWID;
