-- The whole account of the collectors that share this database. Times are UTC epoch ms, spans
-- half-open, NULL = still. Migrations are forward only: a file that has been released is never
-- changed. Texts are compared by their bytes, whatever the database's own order of letters is.

CREATE TABLE ledger (
  one bigint PRIMARY KEY CHECK (one = 1),
  generation bigint NOT NULL,
  origin text COLLATE "C" NOT NULL,
  opened_at_ms bigint NOT NULL,
  identity_key_number bigint NOT NULL,
  identity_key text COLLATE "C" NOT NULL,
  is_demo boolean NOT NULL
);

-- The last numbers given out. The row is locked by whoever takes numbers, as the last thing before
-- its transaction commits: numbers are in the order of commits, without a gap, and whoever sees one
-- sees all that are lower. Followers read by them.
CREATE TABLE numbers (
  one bigint PRIMARY KEY CHECK (one = 1),
  -- Of every write of an open row.
  change_seq bigint NOT NULL,
  outbox_id bigint NOT NULL,
  record_number bigint NOT NULL,
  -- Counts the changes of what is booked.
  booked_seq bigint NOT NULL
);
INSERT INTO numbers (one, change_seq, outbox_id, record_number, booked_seq) VALUES (1, 0, 0, 0, 0);

CREATE TABLE counters (name text COLLATE "C" PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE cursors (follower text COLLATE "C" PRIMARY KEY, change_seq bigint NOT NULL);

-- ---- sites, tokens, roster ---------------------------------------------------------------------

CREATE TABLE sites (code text COLLATE "C" PRIMARY KEY, name text COLLATE "C" NOT NULL);

CREATE TABLE site_terms (
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  valid_from_ms bigint NOT NULL,
  valid_to_ms bigint,
  operator_code text COLLATE "C",
  operator_name text COLLATE "C",
  owner_code text COLLATE "C",
  owner_name text COLLATE "C",
  region_code text COLLATE "C" NOT NULL,
  -- Cards of a model that the owner never has deposited: JSON of [{"model","cards"}].
  keep text COLLATE "C" NOT NULL,
  PRIMARY KEY (site_code, valid_from_ms),
  CHECK (valid_to_ms IS NULL OR valid_to_ms > valid_from_ms)
);

CREATE TABLE declared (
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  model text COLLATE "C" NOT NULL,
  declared_at_ms bigint NOT NULL,
  cards bigint NOT NULL,
  declared_milli_p bigint NOT NULL,
  basis text COLLATE "C" NOT NULL,
  author text COLLATE "C" NOT NULL,
  PRIMARY KEY (site_code, model, declared_at_ms)
);

CREATE TABLE tokens (
  token_id text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  secret_hash text COLLATE "C" NOT NULL,
  site_code text COLLATE "C" REFERENCES sites (code),
  role text COLLATE "C",
  region_code text COLLATE "C",
  cidr text COLLATE "C",
  uses_left bigint CHECK (uses_left IS NULL OR uses_left >= 0),
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  revoked_at_ms bigint
);

CREATE TABLE nodes (
  node_id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  algorithm bigint NOT NULL,
  public_key text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  join_state bigint NOT NULL,
  previous_join_state bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  enrolled_at_ms bigint NOT NULL,
  enrolled_by text COLLATE "C" NOT NULL,
  UNIQUE (algorithm, public_key)
);
CREATE INDEX nodes_site ON nodes (site_code);

CREATE TABLE sessions (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  generation bigint NOT NULL,
  is_connected boolean NOT NULL,
  collector_instance text COLLATE "C" NOT NULL,
  remote_address text COLLATE "C" NOT NULL,
  agent_version text COLLATE "C" NOT NULL,
  boot_id text COLLATE "C" NOT NULL,
  connected_at_ms bigint NOT NULL,
  last_heard_ms bigint NOT NULL,
  ended_reason text COLLATE "C",
  clock_offset_ms bigint
);

CREATE TABLE clones (
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  fingerprint text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  remote_address text COLLATE "C" NOT NULL,
  seen_at_ms bigint NOT NULL,
  PRIMARY KEY (node_id, fingerprint, reason)
);

CREATE TABLE epochs (
  epoch_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  epoch text COLLATE "C" NOT NULL,
  previous_epoch text COLLATE "C",
  is_closed boolean NOT NULL,
  watermark bigint NOT NULL,
  watermark_hash text COLLATE "C",
  began_at_ms bigint NOT NULL,
  -- first: the node's first spool; replaced: another took its place; forked: the one before held
  -- other records under the same numbers.
  begun_as text COLLATE "C" NOT NULL,
  UNIQUE (node_id, epoch)
);
CREATE INDEX epochs_replaced ON epochs (began_at_ms) WHERE begun_as <> 'first';
-- A node writes into one spool at a time.
CREATE UNIQUE INDEX epochs_current ON epochs (node_id) WHERE NOT is_closed;

CREATE TABLE node_facts (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  received_at_ms bigint NOT NULL,
  epoch text COLLATE "C" NOT NULL,
  facts text COLLATE "C" NOT NULL,
  -- JSON of [index, unit_id] pairs: the unit behind each index of these facts.
  placements text COLLATE "C" NOT NULL
);

-- ---- inventory ---------------------------------------------------------------------------------

CREATE TABLE accelerators (
  accelerator_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_seen_ms bigint NOT NULL
);

CREATE TABLE identities (
  key_number bigint NOT NULL,
  hash text COLLATE "C" NOT NULL,
  strength text COLLATE "C" NOT NULL,
  accelerator_id bigint NOT NULL REFERENCES accelerators (accelerator_id),
  valid_from_ms bigint NOT NULL,
  PRIMARY KEY (key_number, hash)
);

CREATE TABLE profiles (
  profile_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  vendor text COLLATE "C" NOT NULL,
  printed_name text COLLATE "C" NOT NULL,
  memory_total_mib bigint,
  power_cap_watts bigint
);
CREATE UNIQUE INDEX profiles_content ON profiles
  (vendor, printed_name, COALESCE(memory_total_mib, -1), COALESCE(power_cap_watts, -1));

CREATE TABLE units (
  unit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  accelerator_id bigint NOT NULL REFERENCES accelerators (accelerator_id),
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  kind text COLLATE "C" NOT NULL,
  parent_unit_id bigint REFERENCES units (unit_id),
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  share_ppm bigint NOT NULL,
  driver_version text COLLATE "C",
  strongest_identity text COLLATE "C",
  valid_from_ms bigint NOT NULL,
  valid_to_ms bigint,
  booked_to_ms bigint,
  valid_to_reason text COLLATE "C",
  is_in_conflict boolean NOT NULL DEFAULT false,
  is_counted boolean NOT NULL DEFAULT true,
  -- When the collector learned of this placement; before that no answer shows it.
  known_from_ms bigint NOT NULL
);
CREATE INDEX units_node ON units (node_id, unit_id);
CREATE INDEX units_accelerator ON units (accelerator_id, unit_id);

CREATE TABLE conflicts (
  conflict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  accelerator_id bigint NOT NULL REFERENCES accelerators (accelerator_id),
  kept_unit_id bigint NOT NULL REFERENCES units (unit_id),
  other_unit_id bigint NOT NULL REFERENCES units (unit_id),
  from_ms bigint NOT NULL,
  to_ms bigint,
  opened_at_ms bigint NOT NULL,
  resolved_at_ms bigint,
  resolved_by text COLLATE "C",
  CHECK (kept_unit_id <> other_unit_id)
);
CREATE INDEX conflicts_kept ON conflicts (kept_unit_id);
CREATE INDEX conflicts_other ON conflicts (other_unit_id);

-- ---- timeline ----------------------------------------------------------------------------------

-- One row per node and minute is all that a quiet fleet writes: see open-row.ts for `runs` and
-- `units`. No column that changes is indexed and pages have room, so that a new version stays on
-- its page.
CREATE TABLE open_nodes (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  timeline_end_ms bigint NOT NULL,
  epoch text COLLATE "C" NOT NULL,
  boot_id text COLLATE "C" NOT NULL,
  facts_revision bigint NOT NULL,
  policy text COLLATE "C",
  cpu text COLLATE "C",
  runs text COLLATE "C" NOT NULL,
  units text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

-- When the open row of a node was last written, or its account changed outside its timeline.
CREATE TABLE node_changes (
  node_id text COLLATE "C" PRIMARY KEY REFERENCES nodes (node_id),
  change_seq bigint NOT NULL UNIQUE
);

-- A unit's history is one range of the key. Runs of a unit only grow at the end.
CREATE TABLE runs (
  unit_id bigint NOT NULL,
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL,
  code bigint NOT NULL,
  recorded_at_ms bigint,
  PRIMARY KEY (unit_id, start_ms),
  CHECK (end_ms > start_ms)
);
-- Steps of nodes' clocks (code 35, unknown/clock): rare, so the index is small.
CREATE INDEX runs_clock ON runs (end_ms) WHERE code = 35;

CREATE TABLE unit_hours (
  hour_ms bigint NOT NULL,
  unit_id bigint NOT NULL,
  busy_ms bigint NOT NULL,
  allocated_ms bigint NOT NULL,
  occupied_ms bigint NOT NULL,
  free_ms bigint NOT NULL,
  faulty_ms bigint NOT NULL,
  unknown_ms bigint NOT NULL,
  class_b_ms bigint NOT NULL,
  active_ms bigint NOT NULL,
  given_ms bigint NOT NULL,
  samples_expected bigint NOT NULL,
  samples_got bigint NOT NULL,
  samples_zero bigint NOT NULL,
  samples_below_tenth bigint NOT NULL,
  samples_utilization bigint NOT NULL,
  utilization_sum_permille bigint NOT NULL,
  utilization_max_permille bigint,
  memory_used_mib_max bigint,
  energy_joules bigint,
  temperature_celsius_max bigint,
  PRIMARY KEY (unit_id, hour_ms)
);
-- An hour is read as a whole, and written about when it ends: its rows lie together.
CREATE INDEX unit_hours_hour ON unit_hours (hour_ms);

-- Processor time of nodes, in core-milliseconds: of the running hour in the open row, of hours that
-- are over here, written once.
CREATE TABLE node_hours (
  node_id text COLLATE "C" NOT NULL,
  hour_ms bigint NOT NULL,
  cpu_busy_ms bigint NOT NULL,
  cpu_total_ms bigint NOT NULL,
  told_ms bigint NOT NULL,
  known_at_ms bigint NOT NULL,
  PRIMARY KEY (node_id, hour_ms),
  CHECK (cpu_busy_ms <= cpu_total_ms)
);

-- Steps of the nodes' wall clocks (C2), told by ticks; several in one tick are told in their order.
CREATE TABLE clock_steps (
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  at_ms bigint NOT NULL,
  ordinal bigint NOT NULL,
  epoch text COLLATE "C" NOT NULL,
  step_ms bigint NOT NULL,
  PRIMARY KEY (node_id, at_ms, ordinal)
);
CREATE INDEX clock_steps_time ON clock_steps (at_ms);

CREATE TABLE closed_windows (
  unit_id bigint NOT NULL,
  start_ms bigint NOT NULL,
  age_start_ms bigint NOT NULL,
  end_ms bigint NOT NULL,
  proven_ms bigint NOT NULL,
  end_code bigint NOT NULL,
  PRIMARY KEY (unit_id, start_ms)
);

CREATE TABLE silences (
  silence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  unit_id bigint REFERENCES units (unit_id),
  from_ms bigint NOT NULL,
  to_ms bigint,
  code bigint NOT NULL,
  declared_at_ms bigint NOT NULL
);
CREATE INDEX silences_node ON silences (node_id, from_ms);
CREATE INDEX silences_to ON silences (to_ms);
-- A node is silent once, however often that is noticed.
CREATE UNIQUE INDEX silences_open_node ON silences (node_id) WHERE unit_id IS NULL AND to_ms IS NULL;

CREATE TABLE refused (
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  epoch text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  sentence text COLLATE "C" NOT NULL,
  refused_at_ms bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (node_id, epoch, seq)
);
CREATE INDEX refused_time ON refused (refused_at_ms);

-- ---- bank --------------------------------------------------------------------------------------

CREATE TABLE deposits (
  deposit_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  deposit_id text COLLATE "C" NOT NULL UNIQUE,
  unit_id bigint NOT NULL REFERENCES units (unit_id),
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  window_start_ms bigint NOT NULL,
  opened_at_ms bigint NOT NULL,
  closed_at_ms bigint,
  close_reason text COLLATE "C",
  -- How many ends of the owner's consent it was opened after: the next one ends it.
  consent_end_count bigint NOT NULL,
  CHECK (closed_at_ms IS NULL OR closed_at_ms >= opened_at_ms)
);
CREATE UNIQUE INDEX deposits_open_unit ON deposits (unit_id) WHERE closed_at_ms IS NULL;
CREATE INDEX deposits_unit ON deposits (unit_id, opened_at_ms, closed_at_ms);
CREATE INDEX deposits_open_node ON deposits (node_id) WHERE closed_at_ms IS NULL;
CREATE INDEX deposits_closed ON deposits (closed_at_ms);

-- ---- journal -----------------------------------------------------------------------------------

CREATE TABLE outbox (
  outbox_id bigint PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  at_ms bigint NOT NULL,
  payload text COLLATE "C" NOT NULL
);

CREATE TABLE journal (
  seq bigint PRIMARY KEY,
  generation bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  at_ms bigint NOT NULL,
  previous_hash text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL
);

CREATE INDEX journal_audit_seals ON journal (seq) WHERE kind = 'audit_sealed';
CREATE INDEX journal_corrected ON journal (at_ms) WHERE kind = 'hour_corrected';
CREATE INDEX journal_reported ON journal (at_ms) WHERE kind = 'report_issued';

-- The RFC 6962 tree over the journal: hashes of its complete subtrees, from which every root and
-- proof is computed. Never rewritten. `algorithm`: the suite whose hash it takes.
CREATE TABLE tree_nodes (
  algorithm bigint NOT NULL,
  level bigint NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (algorithm, level, position)
);

-- The newest checkpoint of each generation; `size` only grows.
CREATE TABLE checkpoints (
  origin text COLLATE "C" PRIMARY KEY,
  size bigint NOT NULL,
  root text COLLATE "C" NOT NULL,
  note text COLLATE "C" NOT NULL,
  signed_at_ms bigint NOT NULL
);

-- The newest checkpoint that each witness has signed, with its line.
CREATE TABLE cosignatures (
  origin text COLLATE "C" NOT NULL,
  witness text COLLATE "C" NOT NULL,
  size bigint NOT NULL,
  seconds bigint NOT NULL,
  note text COLLATE "C" NOT NULL,
  PRIMARY KEY (origin, witness)
);

-- ---- rollup ------------------------------------------------------------------------------------

CREATE TABLE seals (
  hour_ms bigint NOT NULL,
  version bigint NOT NULL,
  sealed_at_ms bigint NOT NULL,
  PRIMARY KEY (hour_ms, version)
);
CREATE INDEX seals_corrected ON seals (sealed_at_ms, hour_ms, version) WHERE version > 1;

-- Sealed hours that have changed since.
CREATE TABLE dirty_hours (hour_ms bigint PRIMARY KEY);

-- Where a site lay and who ran it, by its terms of an hour when that hour was sealed or corrected.
CREATE TABLE places (
  place_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  region_code text COLLATE "C" NOT NULL,
  operator_code text COLLATE "C" NOT NULL,
  UNIQUE (region_code, operator_code)
);

CREATE TABLE buckets (
  hour_ms bigint NOT NULL,
  version bigint NOT NULL,
  site_code text COLLATE "C" NOT NULL,
  owner_code text COLLATE "C" NOT NULL,
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  place_id bigint NOT NULL REFERENCES places (place_id),
  cards bigint NOT NULL,
  busy_ms bigint NOT NULL,
  allocated_ms bigint NOT NULL,
  occupied_ms bigint NOT NULL,
  free_ms bigint NOT NULL,
  faulty_ms bigint NOT NULL,
  unknown_ms bigint NOT NULL,
  lent_ms bigint NOT NULL,
  deposited_ms bigint NOT NULL,
  active_ms bigint NOT NULL,
  given_ms bigint NOT NULL,
  energy_joules bigint NOT NULL,
  samples_expected bigint NOT NULL,
  samples_got bigint NOT NULL,
  samples_zero bigint NOT NULL,
  samples_below_tenth bigint NOT NULL,
  PRIMARY KEY (hour_ms, version, site_code, owner_code, profile_id),
  FOREIGN KEY (hour_ms, version) REFERENCES seals (hour_ms, version)
);

-- Sums kept over buckets (sums.ts): of the whole country and of each province by hour, day and
-- month, of each site by day and month. What is not kept is added up from buckets when somebody
-- asks.

-- Spans of which sums are kept: grain 0 an hour, 1 a civil day, 2 a civil month; of one grain no
-- two overlap. Asked for what was known before `known_from_ms`, the sums of a span do not serve.
CREATE TABLE sum_periods (
  grain bigint NOT NULL CHECK (grain IN (0, 1, 2)),
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  known_from_ms bigint NOT NULL,
  PRIMARY KEY (grain, from_ms),
  CHECK (to_ms > from_ms)
);

-- What was known at an instant is the sum of the rows known by then: a first row, and one for each
-- later instant at which something moved, by how much. `buckets`: how many were added up.
-- Area 00: the whole country; else the first two digits of GB/T 2260.
CREATE TABLE area_sums (
  area text COLLATE "C" NOT NULL,
  grain bigint NOT NULL,
  from_ms bigint NOT NULL,
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  known_at_ms bigint NOT NULL,
  buckets bigint NOT NULL,
  busy_ms bigint NOT NULL,
  allocated_ms bigint NOT NULL,
  occupied_ms bigint NOT NULL,
  free_ms bigint NOT NULL,
  faulty_ms bigint NOT NULL,
  unknown_ms bigint NOT NULL,
  lent_ms bigint NOT NULL,
  deposited_ms bigint NOT NULL,
  active_ms bigint NOT NULL,
  given_ms bigint NOT NULL,
  energy_joules bigint NOT NULL,
  samples_expected bigint NOT NULL,
  samples_got bigint NOT NULL,
  samples_zero bigint NOT NULL,
  samples_below_tenth bigint NOT NULL,
  PRIMARY KEY (area, grain, from_ms, profile_id, known_at_ms)
);

-- By site first: a scope or a filter is a list of sites.
CREATE TABLE site_sums (
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  grain bigint NOT NULL,
  from_ms bigint NOT NULL,
  place_id bigint NOT NULL REFERENCES places (place_id),
  owner_code text COLLATE "C" NOT NULL,
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  known_at_ms bigint NOT NULL,
  buckets bigint NOT NULL,
  busy_ms bigint NOT NULL,
  allocated_ms bigint NOT NULL,
  occupied_ms bigint NOT NULL,
  free_ms bigint NOT NULL,
  faulty_ms bigint NOT NULL,
  unknown_ms bigint NOT NULL,
  lent_ms bigint NOT NULL,
  deposited_ms bigint NOT NULL,
  active_ms bigint NOT NULL,
  given_ms bigint NOT NULL,
  energy_joules bigint NOT NULL,
  samples_expected bigint NOT NULL,
  samples_got bigint NOT NULL,
  samples_zero bigint NOT NULL,
  samples_below_tenth bigint NOT NULL,
  PRIMARY KEY (site_code, grain, from_ms, place_id, owner_code, profile_id, known_at_ms)
);
