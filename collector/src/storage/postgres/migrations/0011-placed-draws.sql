-- Draws that were placed here and are granted by a collector below this one: what was asked for, and
-- what that one has told of it. Written before anything is asked; kept for ever.
CREATE TABLE placed_draws (
  placed_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  draw_id text COLLATE "C" NOT NULL UNIQUE,
  version bigint NOT NULL,
  -- The child that is asked; empty: none was.
  child_id text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  bank text COLLATE "C" NOT NULL,
  borrower text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  -- A step of it has no answer.
  is_open boolean NOT NULL,
  -- All of it is answered, and it is not over.
  is_live boolean NOT NULL,
  -- JSON: codes of the sites where its cards are.
  sites text COLLATE "C" NOT NULL,
  -- JSON of the whole.
  draw text COLLATE "C" NOT NULL
);
CREATE INDEX placed_draws_open ON placed_draws (child_id, draw_id) WHERE is_open;
CREATE INDEX placed_draws_live ON placed_draws (child_id, draw_id) WHERE is_live;
