-- Draws and all that hangs on them (model/draw.ts). What must never happen is refused here, whatever
-- a program decides: a card under two live claims, two leases of a card at one instant, a posting that
-- changes, more cards booked than may be.

CREATE TABLE draws (
  draw_number INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Chosen by the client: never given to another draw.
  draw_id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL CHECK (version >= 1),
  -- JSON with sorted keys: equal requests are equal texts.
  request TEXT NOT NULL,
  bank TEXT NOT NULL,
  borrower TEXT NOT NULL,
  contract TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('held', 'booked', 'posted', 'ended', 'voided', 'lapsed', 'broken', 'refused')),
  refusal TEXT,
  created_at_ms INTEGER NOT NULL,
  hold_until_ms INTEGER,
  start_ms INTEGER,
  until_ms INTEGER,
  ended_at_ms INTEGER,
  -- When something happens to it by time alone; computed with each write, see draw-rows.ts.
  due_at_ms INTEGER,
  CHECK ((start_ms IS NULL) = (until_ms IS NULL)),
  CHECK (start_ms IS NULL OR start_ms < until_ms),
  CHECK (state <> 'held' OR hold_until_ms IS NOT NULL),
  CHECK (state NOT IN ('booked', 'posted', 'ended') OR start_ms IS NOT NULL),
  CHECK (state <> 'refused' OR refusal IS NOT NULL),
  CHECK (refusal IS NULL OR state IN ('refused', 'broken'))
) STRICT;
CREATE INDEX draws_due ON draws (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX draws_bank ON draws (bank, draw_number);
-- Draws are kept for ever, few of them are live.
CREATE INDEX draws_live ON draws (draw_number) WHERE state IN ('held', 'booked', 'posted');

CREATE TABLE leases (
  lease_id TEXT PRIMARY KEY,
  draw_number INTEGER NOT NULL REFERENCES draws (draw_number),
  -- Position in the draw.
  ordinal INTEGER NOT NULL,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  start_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  confirmed_revision INTEGER NOT NULL,
  interrupted_at_ms INTEGER,
  idle_since_ms INTEGER,
  handover TEXT,
  CHECK (start_ms < until_ms),
  CHECK (revision >= 0 AND confirmed_revision >= 0)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX leases_draw ON leases (draw_number, ordinal);

CREATE TABLE claims (
  draw_number INTEGER NOT NULL REFERENCES draws (draw_number),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
  lease_id TEXT REFERENCES leases (lease_id),
  unit_id INTEGER REFERENCES units (unit_id),
  accelerator_id INTEGER REFERENCES accelerators (accelerator_id),
  node_id TEXT REFERENCES nodes (node_id),
  deposit_id TEXT,
  site_code TEXT NOT NULL REFERENCES sites (code),
  owner_code TEXT NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profiles (profile_id),
  state TEXT NOT NULL CHECK (state IN ('held', 'leased', 'cleaning', 'ended')),
  held_at_ms INTEGER NOT NULL,
  start_ms INTEGER,
  until_ms INTEGER,
  recall_at_ms INTEGER,
  recall_cause TEXT,
  ended_at_ms INTEGER,
  end_kind TEXT,
  clean_at_ms INTEGER,
  swap_of INTEGER,
  evidence TEXT,
  PRIMARY KEY (draw_number, ordinal),
  -- A slot of a booking that no card was bound to is all null, and was never live.
  CHECK ((unit_id IS NULL) = (accelerator_id IS NULL) AND (unit_id IS NULL) = (node_id IS NULL)),
  CHECK (unit_id IS NOT NULL OR state = 'ended'),
  CHECK ((start_ms IS NULL) = (until_ms IS NULL)),
  CHECK (start_ms IS NULL OR start_ms < until_ms),
  CHECK (state NOT IN ('leased', 'cleaning') OR (start_ms IS NOT NULL AND lease_id IS NOT NULL)),
  CHECK ((ended_at_ms IS NOT NULL) = (state IN ('cleaning', 'ended'))),
  CHECK ((end_kind IS NULL) = (ended_at_ms IS NULL)),
  CHECK (ended_at_ms IS NULL OR until_ms IS NULL OR ended_at_ms <= until_ms),
  CHECK (clean_at_ms IS NULL OR state = 'ended')
) STRICT, WITHOUT ROWID;

-- A card is under one live claim at most: the double grant that cannot be written.
CREATE UNIQUE INDEX claims_live_accelerator ON claims (accelerator_id) WHERE state <> 'ended';
CREATE INDEX claims_live_node ON claims (node_id) WHERE state <> 'ended';
-- What owners' schedulers took back.
CREATE INDEX claims_owner_claimed ON claims (ended_at_ms) WHERE recall_cause = 'owner_claimed';
-- Every lease a card ever had. An end that is not known yet is the promised one.
CREATE INDEX claims_leases ON claims (accelerator_id, start_ms) WHERE start_ms IS NOT NULL;

-- Leases of a card never share an instant, also those that have ended: what was promised up to the
-- end. Those stored are apart from each other, so that the last one that begins before the new end is
-- the only one that can reach into the new one. One that ended before it began covers nothing.
CREATE TRIGGER claims_apart_insert AFTER INSERT ON claims
WHEN NEW.start_ms IS NOT NULL AND NEW.accelerator_id IS NOT NULL
  AND coalesce(NEW.ended_at_ms, NEW.until_ms) > NEW.start_ms
BEGIN
  SELECT RAISE(ABORT, 'leases of an accelerator overlap') WHERE NEW.start_ms < (
    SELECT coalesce(c.ended_at_ms, c.until_ms) FROM claims c
    WHERE c.accelerator_id = NEW.accelerator_id AND c.start_ms IS NOT NULL
      AND c.start_ms < coalesce(NEW.ended_at_ms, NEW.until_ms)
      AND coalesce(c.ended_at_ms, c.until_ms) > c.start_ms
      AND (c.draw_number <> NEW.draw_number OR c.ordinal <> NEW.ordinal)
    ORDER BY c.start_ms DESC LIMIT 1);
END;
CREATE TRIGGER claims_apart_update AFTER UPDATE OF accelerator_id, start_ms, until_ms, ended_at_ms
ON claims
WHEN NEW.start_ms IS NOT NULL AND NEW.accelerator_id IS NOT NULL
  AND coalesce(NEW.ended_at_ms, NEW.until_ms) > NEW.start_ms
BEGIN
  SELECT RAISE(ABORT, 'leases of an accelerator overlap') WHERE NEW.start_ms < (
    SELECT coalesce(c.ended_at_ms, c.until_ms) FROM claims c
    WHERE c.accelerator_id = NEW.accelerator_id AND c.start_ms IS NOT NULL
      AND c.start_ms < coalesce(NEW.ended_at_ms, NEW.until_ms)
      AND coalesce(c.ended_at_ms, c.until_ms) > c.start_ms
      AND (c.draw_number <> NEW.draw_number OR c.ordinal <> NEW.ordinal)
    ORDER BY c.start_ms DESC LIMIT 1);
END;

-- Claims that nothing more happens to: a draw that is over holds no card.
CREATE TRIGGER claims_kept BEFORE DELETE ON claims
BEGIN
  SELECT RAISE(ABORT, 'claims are kept');
END;

-- ---- accounts ----------------------------------------------------------------------------------

CREATE TABLE postings (
  posting_number INTEGER PRIMARY KEY AUTOINCREMENT,
  draw_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  from_account TEXT NOT NULL,
  to_account TEXT NOT NULL,
  known_at_ms INTEGER NOT NULL,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms),
  CHECK (from_account <> to_account)
) STRICT;
CREATE INDEX postings_claim ON postings (draw_number, ordinal);
CREATE TRIGGER postings_kept_update BEFORE UPDATE ON postings
BEGIN
  SELECT RAISE(ABORT, 'postings never change');
END;
CREATE TRIGGER postings_kept_delete BEFORE DELETE ON postings
BEGIN
  SELECT RAISE(ABORT, 'postings are never taken back');
END;

CREATE TABLE residues (
  draw_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  PRIMARY KEY (draw_number, ordinal),
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms)
) STRICT, WITHOUT ROWID;

-- ---- bookings ----------------------------------------------------------------------------------

-- What each draw has booked and not given up.
CREATE TABLE booked_cards (
  draw_number INTEGER NOT NULL REFERENCES draws (draw_number),
  site_code TEXT NOT NULL REFERENCES sites (code),
  kind_key TEXT NOT NULL,
  hour_ms INTEGER NOT NULL,
  confidence_ppm INTEGER NOT NULL,
  cards INTEGER NOT NULL CHECK (cards >= 0),
  PRIMARY KEY (draw_number, site_code, kind_key, hour_ms, confidence_ppm)
) STRICT, WITHOUT ROWID;
CREATE INDEX booked_cards_hour ON booked_cards (site_code, kind_key, hour_ms, confidence_ppm);

-- Per confidence, the cards booked with it or a higher one: a cache over `booked_cards`. The limit is
-- what the forecast last said to be free with that confidence, or what was booked before it said so.
CREATE TABLE booked_hours (
  site_code TEXT NOT NULL REFERENCES sites (code),
  kind_key TEXT NOT NULL,
  hour_ms INTEGER NOT NULL,
  confidence_ppm INTEGER NOT NULL,
  cards INTEGER NOT NULL CHECK (cards >= 0),
  quantile_cards INTEGER NOT NULL CHECK (quantile_cards >= 0),
  cards_max INTEGER NOT NULL,
  PRIMARY KEY (site_code, kind_key, hour_ms, confidence_ppm),
  CHECK (cards <= cards_max)
) STRICT, WITHOUT ROWID;

-- Counts the changes of what is booked.
INSERT INTO counters (name, value) VALUES ('booked_seq', 0);
CREATE INDEX booked_hours_hour ON booked_hours (hour_ms);

-- ---- what nodes told of leases -----------------------------------------------------------------

CREATE TABLE lease_records (
  record_number INTEGER PRIMARY KEY AUTOINCREMENT,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  unit_ids TEXT NOT NULL,
  record TEXT NOT NULL,
  received_at_ms INTEGER NOT NULL
) STRICT;
