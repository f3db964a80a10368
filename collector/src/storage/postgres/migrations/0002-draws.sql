-- Draws and all that hangs on them (model/draw.ts). What must never happen is refused here,
-- whatever a program decides: a card under two live claims, two leases of a card at one instant, a
-- posting that changes, more cards booked than may be.

CREATE TABLE draws (
  draw_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Chosen by the client: never given to another draw.
  draw_id text COLLATE "C" NOT NULL UNIQUE,
  version bigint NOT NULL CHECK (version >= 1),
  -- JSON with sorted keys: equal requests are equal texts.
  request text COLLATE "C" NOT NULL,
  bank text COLLATE "C" NOT NULL,
  borrower text COLLATE "C" NOT NULL,
  contract text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN
    ('held', 'booked', 'posted', 'ended', 'voided', 'lapsed', 'broken', 'refused')),
  refusal text COLLATE "C",
  created_at_ms bigint NOT NULL,
  hold_until_ms bigint,
  start_ms bigint,
  until_ms bigint,
  ended_at_ms bigint,
  -- When something happens to it by time alone; computed with each write, see draw-rows.ts.
  due_at_ms bigint,
  CHECK ((start_ms IS NULL) = (until_ms IS NULL)),
  CHECK (start_ms IS NULL OR start_ms < until_ms),
  CHECK (state <> 'held' OR hold_until_ms IS NOT NULL),
  CHECK (state NOT IN ('booked', 'posted', 'ended') OR start_ms IS NOT NULL),
  CHECK (state <> 'refused' OR refusal IS NOT NULL),
  CHECK (refusal IS NULL OR state IN ('refused', 'broken'))
);
CREATE INDEX draws_due ON draws (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX draws_bank ON draws (bank, draw_number);
-- Draws are kept for ever, few of them are live.
CREATE INDEX draws_live ON draws (draw_number) WHERE state IN ('held', 'booked', 'posted');

CREATE TABLE leases (
  lease_id text COLLATE "C" PRIMARY KEY,
  draw_number bigint NOT NULL REFERENCES draws (draw_number),
  -- Position in the draw.
  ordinal bigint NOT NULL,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  start_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  revision bigint NOT NULL,
  confirmed_revision bigint NOT NULL,
  interrupted_at_ms bigint,
  idle_since_ms bigint,
  handover text COLLATE "C",
  CHECK (start_ms < until_ms),
  CHECK (revision >= 0 AND confirmed_revision >= 0)
);
CREATE UNIQUE INDEX leases_draw ON leases (draw_number, ordinal);

CREATE TABLE claims (
  draw_number bigint NOT NULL REFERENCES draws (draw_number),
  ordinal bigint NOT NULL CHECK (ordinal >= 0),
  lease_id text COLLATE "C" REFERENCES leases (lease_id),
  unit_id bigint REFERENCES units (unit_id),
  accelerator_id bigint REFERENCES accelerators (accelerator_id),
  node_id text COLLATE "C" REFERENCES nodes (node_id),
  deposit_id text COLLATE "C",
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  owner_code text COLLATE "C" NOT NULL,
  profile_id bigint NOT NULL REFERENCES profiles (profile_id),
  state text COLLATE "C" NOT NULL CHECK (state IN ('held', 'leased', 'cleaning', 'ended')),
  held_at_ms bigint NOT NULL,
  start_ms bigint,
  until_ms bigint,
  recall_at_ms bigint,
  recall_cause text COLLATE "C",
  ended_at_ms bigint,
  end_kind text COLLATE "C",
  clean_at_ms bigint,
  swap_of bigint,
  evidence text COLLATE "C",
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
);

-- A card is under one live claim at most: the double grant that cannot be written.
CREATE UNIQUE INDEX claims_live_accelerator ON claims (accelerator_id) WHERE state <> 'ended';
CREATE INDEX claims_live_node ON claims (node_id) WHERE state <> 'ended';
-- What owners' schedulers took back.
CREATE INDEX claims_owner_claimed ON claims (ended_at_ms) WHERE recall_cause = 'owner_claimed';
-- Every lease a card ever had. An end that is not known yet is the promised one.
CREATE INDEX claims_leases ON claims (accelerator_id, start_ms) WHERE start_ms IS NOT NULL;

-- Leases of a card never share an instant, also those that have ended: what was promised up to the
-- end. Those stored are apart from each other, so that the last one that begins before the new end
-- is the only one that can reach into the new one. One that ended before it began covers nothing.
-- The card is locked first: another process that is about to lease it waits, and then sees this
-- lease.
CREATE FUNCTION claims_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM accelerators WHERE accelerator_id = NEW.accelerator_id FOR NO KEY UPDATE;
  IF NEW.start_ms < (
    SELECT coalesce(c.ended_at_ms, c.until_ms) FROM claims c
    WHERE c.accelerator_id = NEW.accelerator_id AND c.start_ms IS NOT NULL
      AND c.start_ms < coalesce(NEW.ended_at_ms, NEW.until_ms)
      AND coalesce(c.ended_at_ms, c.until_ms) > c.start_ms
      AND (c.draw_number <> NEW.draw_number OR c.ordinal <> NEW.ordinal)
    ORDER BY c.start_ms DESC LIMIT 1)
  THEN
    RAISE EXCEPTION 'leases of an accelerator overlap' USING ERRCODE = 'exclusion_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER claims_apart_insert AFTER INSERT ON claims FOR EACH ROW
WHEN (NEW.start_ms IS NOT NULL AND NEW.accelerator_id IS NOT NULL
  AND coalesce(NEW.ended_at_ms, NEW.until_ms) > NEW.start_ms)
EXECUTE FUNCTION claims_apart();
CREATE TRIGGER claims_apart_update
AFTER UPDATE OF accelerator_id, start_ms, until_ms, ended_at_ms ON claims FOR EACH ROW
WHEN (NEW.start_ms IS NOT NULL AND NEW.accelerator_id IS NOT NULL
  AND coalesce(NEW.ended_at_ms, NEW.until_ms) > NEW.start_ms)
EXECUTE FUNCTION claims_apart();

-- What is only ever added to: the trigger says of what.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Claims that nothing more happens to: a draw that is over holds no card.
CREATE TRIGGER claims_kept BEFORE DELETE ON claims FOR EACH ROW
EXECUTE FUNCTION refuse_change('claims are kept');

-- ---- accounts ----------------------------------------------------------------------------------

CREATE TABLE postings (
  posting_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  draw_number bigint NOT NULL,
  ordinal bigint NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  from_account text COLLATE "C" NOT NULL,
  to_account text COLLATE "C" NOT NULL,
  known_at_ms bigint NOT NULL,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms),
  CHECK (from_account <> to_account)
);
CREATE INDEX postings_claim ON postings (draw_number, ordinal);
CREATE TRIGGER postings_kept_update BEFORE UPDATE ON postings FOR EACH ROW
EXECUTE FUNCTION refuse_change('postings never change');
CREATE TRIGGER postings_kept_delete BEFORE DELETE ON postings FOR EACH ROW
EXECUTE FUNCTION refuse_change('postings are never taken back');

CREATE TABLE residues (
  draw_number bigint NOT NULL,
  ordinal bigint NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  PRIMARY KEY (draw_number, ordinal),
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms)
);

-- ---- bookings ----------------------------------------------------------------------------------

-- What each draw has booked and not given up.
CREATE TABLE booked_cards (
  draw_number bigint NOT NULL REFERENCES draws (draw_number),
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  kind_key text COLLATE "C" NOT NULL,
  hour_ms bigint NOT NULL,
  confidence_ppm bigint NOT NULL,
  cards bigint NOT NULL CHECK (cards >= 0),
  PRIMARY KEY (draw_number, site_code, kind_key, hour_ms, confidence_ppm)
);
CREATE INDEX booked_cards_hour ON booked_cards (site_code, kind_key, hour_ms, confidence_ppm);

-- Per confidence, the cards booked with it or a higher one: a cache over `booked_cards`. The limit
-- is what the forecast last said to be free with that confidence, or what was booked before it said
-- so.
CREATE TABLE booked_hours (
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  kind_key text COLLATE "C" NOT NULL,
  hour_ms bigint NOT NULL,
  confidence_ppm bigint NOT NULL,
  cards bigint NOT NULL CHECK (cards >= 0),
  quantile_cards bigint NOT NULL CHECK (quantile_cards >= 0),
  cards_max bigint NOT NULL,
  PRIMARY KEY (site_code, kind_key, hour_ms, confidence_ppm),
  CHECK (cards <= cards_max)
);

CREATE INDEX booked_hours_hour ON booked_hours (hour_ms);

-- ---- what nodes told of leases -----------------------------------------------------------------

CREATE TABLE lease_records (
  record_number bigint PRIMARY KEY,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  unit_ids text COLLATE "C" NOT NULL,
  record text COLLATE "C" NOT NULL,
  received_at_ms bigint NOT NULL
);

-- ---- settlement --------------------------------------------------------------------------------

-- The time that a card was lent, in versions: as long as it is promised up to the promised end,
-- from when an end became known up to that one. A past question is answered from what was known
-- then.
CREATE TABLE lent_spans (
  span_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  draw_number bigint NOT NULL,
  ordinal bigint NOT NULL,
  unit_id bigint NOT NULL REFERENCES units (unit_id),
  site_code text COLLATE "C" NOT NULL REFERENCES sites (code),
  start_ms bigint NOT NULL,
  end_ms bigint NOT NULL,
  -- The least power of two that it is no longer than: who asks for an instant looks back as far as
  -- that among those of one reach, and finds few that do not cover it.
  reach_ms bigint NOT NULL,
  -- How it ended (`model/draw.ts`), also `owner_claimed` where that is the cause of a recall.
  end_kind text COLLATE "C",
  known_from_ms bigint NOT NULL,
  -- NULL: it is what is known now.
  known_to_ms bigint,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (start_ms <= end_ms AND end_ms - start_ms <= reach_ms),
  CHECK (known_to_ms IS NULL OR known_to_ms >= known_from_ms)
);
CREATE UNIQUE INDEX lent_spans_now ON lent_spans (draw_number, ordinal) WHERE known_to_ms IS NULL;
CREATE INDEX lent_spans_unit ON lent_spans (unit_id, start_ms);
CREATE INDEX lent_spans_reach ON lent_spans
  (reach_ms, start_ms, end_ms, known_from_ms, known_to_ms, unit_id);
CREATE INDEX lent_spans_ended ON lent_spans (site_code, end_ms) WHERE end_kind IS NOT NULL;

-- Claims with time that evidence may still move, and when it is worth looking: at a due instant, or
-- once the node has told more than was seen at the last look of time that is open. A row goes when
-- nothing of its claim is open any more.
CREATE TABLE unsettled (
  draw_number bigint NOT NULL,
  ordinal bigint NOT NULL,
  node_id text COLLATE "C" NOT NULL REFERENCES nodes (node_id),
  due_at_ms bigint NOT NULL,
  -- The node's live edge at the last look, and the end of what was open behind it then.
  looked_to_ms bigint NOT NULL,
  open_to_ms bigint NOT NULL,
  PRIMARY KEY (draw_number, ordinal),
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal)
);
CREATE INDEX unsettled_due ON unsettled (due_at_ms);
CREATE INDEX unsettled_open ON unsettled (node_id) WHERE looked_to_ms < open_to_ms;

-- Every length that a residue was told to have, the newest last; `residues` holds that one alone.
CREATE TABLE residue_versions (
  version_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  draw_number bigint NOT NULL,
  ordinal bigint NOT NULL,
  from_ms bigint NOT NULL,
  to_ms bigint NOT NULL,
  known_at_ms bigint NOT NULL,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms)
);
CREATE INDEX residue_versions_claim ON residue_versions (draw_number, ordinal);

-- Statements that were given out signed: a claim that rests on one can name it.
CREATE TABLE statements (
  sha256 text COLLATE "C" PRIMARY KEY,
  issued_at_ms bigint NOT NULL
);

-- Statements ask for the promises of an owner or a borrower that reach into a span of time.
CREATE INDEX claims_owner ON claims (owner_code, until_ms) WHERE start_ms IS NOT NULL;
CREATE INDEX draws_borrower ON draws (borrower, until_ms) WHERE start_ms IS NOT NULL;

-- ---- what was said of lots, and the forecast ----------------------------------------------------

-- What was last said in the journal of how long the cards of a lot will last: JSON of numbers of
-- cards, one for each length of time.
CREATE TABLE lot_promises (
  lot_id text COLLATE "C" PRIMARY KEY,
  said_at_ms bigint NOT NULL,
  cards text COLLATE "C" NOT NULL
);

-- What the forecast knows, packed, and how far it has read the timeline: the cursor of the follower
-- `forecast` moves in the same transaction. Written every few minutes; what came after is read
-- again.
CREATE TABLE forecast_state (
  one bigint PRIMARY KEY CHECK (one = 1),
  written_at_ms bigint NOT NULL,
  bytes bytea NOT NULL
);

-- What was said at each full hour: the list behind the hash of the hour's journal entry.
CREATE TABLE forecast_hours (
  hour_ms bigint PRIMARY KEY,
  windows bigint NOT NULL,
  models text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL
);
