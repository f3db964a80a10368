-- The time that a card was lent, in versions: as long as it is promised up to the promised end, from
-- when an end became known up to that one. A past question is answered from what was known then.
CREATE TABLE lent_spans (
  span_number INTEGER PRIMARY KEY AUTOINCREMENT,
  draw_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  unit_id INTEGER NOT NULL REFERENCES units (unit_id),
  site_code TEXT NOT NULL REFERENCES sites (code),
  start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  -- The least power of two that it is no longer than: who asks for an instant looks back as far as
  -- that among those of one reach, and finds few that do not cover it.
  reach_ms INTEGER NOT NULL,
  -- How it ended (`model/draw.ts`), also `owner_claimed` where that is the cause of a recall.
  end_kind TEXT,
  known_from_ms INTEGER NOT NULL,
  -- NULL: it is what is known now.
  known_to_ms INTEGER,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (start_ms <= end_ms AND end_ms - start_ms <= reach_ms),
  CHECK (known_to_ms IS NULL OR known_to_ms >= known_from_ms)
) STRICT;
CREATE UNIQUE INDEX lent_spans_now ON lent_spans (draw_number, ordinal) WHERE known_to_ms IS NULL;
CREATE INDEX lent_spans_unit ON lent_spans (unit_id, start_ms);
CREATE INDEX lent_spans_reach ON lent_spans
  (reach_ms, start_ms, end_ms, known_from_ms, known_to_ms, unit_id);
CREATE INDEX lent_spans_ended ON lent_spans (site_code, end_ms) WHERE end_kind IS NOT NULL;

-- Claims with time that evidence may still move, and when it is worth looking: at a due instant, or
-- once the node has told more than was seen at the last look of time that is open. A row goes when
-- nothing of its claim is open any more.
CREATE TABLE unsettled (
  draw_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  node_id TEXT NOT NULL REFERENCES nodes (node_id),
  due_at_ms INTEGER NOT NULL,
  -- The node's live edge at the last look, and the end of what was open behind it then.
  looked_to_ms INTEGER NOT NULL,
  open_to_ms INTEGER NOT NULL,
  PRIMARY KEY (draw_number, ordinal),
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled_due ON unsettled (due_at_ms);
CREATE INDEX unsettled_open ON unsettled (node_id) WHERE looked_to_ms < open_to_ms;

-- Every length that a residue was told to have, the newest last; `residues` holds that one alone.
CREATE TABLE residue_versions (
  version_number INTEGER PRIMARY KEY AUTOINCREMENT,
  draw_number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  known_at_ms INTEGER NOT NULL,
  FOREIGN KEY (draw_number, ordinal) REFERENCES claims (draw_number, ordinal),
  CHECK (from_ms < to_ms)
) STRICT;
CREATE INDEX residue_versions_claim ON residue_versions (draw_number, ordinal);

-- Statements that were given out signed: a claim that rests on one can name it.
CREATE TABLE statements (
  sha256 TEXT PRIMARY KEY,
  issued_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Statements ask for the promises of an owner or a borrower that reach into a span of time.
CREATE INDEX claims_owner ON claims (owner_code, until_ms) WHERE start_ms IS NOT NULL;
CREATE INDEX draws_borrower ON draws (borrower, until_ms) WHERE start_ms IS NOT NULL;
