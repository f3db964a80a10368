-- Draws that were placed here and are granted by a collector below this one: what was asked for, and
-- what that one has told of it. Written before anything is asked; kept for ever.
CREATE TABLE placed_draws (
  placed_number INTEGER PRIMARY KEY,
  draw_id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  -- The child that is asked; empty: none was.
  child_id TEXT NOT NULL,
  state TEXT NOT NULL,
  bank TEXT NOT NULL,
  borrower TEXT NOT NULL,
  actor TEXT NOT NULL,
  -- A step of it has no answer.
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  -- All of it is answered, and it is not over.
  is_live INTEGER NOT NULL CHECK (is_live IN (0, 1)),
  -- JSON: codes of the sites where its cards are.
  sites TEXT NOT NULL,
  -- JSON of the whole.
  draw TEXT NOT NULL
) STRICT;
CREATE INDEX placed_draws_open ON placed_draws (child_id, draw_id) WHERE is_open = 1;
CREATE INDEX placed_draws_live ON placed_draws (child_id, draw_id) WHERE is_live = 1;
