-- Cards of a model that a site's owner never has deposited: JSON of [{"model","cards"}], in force with
-- the rest of the terms.
ALTER TABLE site_terms ADD COLUMN keep TEXT NOT NULL DEFAULT '[]';

-- What was last said in the journal of how long the cards of a lot will last: JSON of numbers of
-- cards, one for each length of time.
CREATE TABLE lot_promises (
  lot_id TEXT PRIMARY KEY,
  said_at_ms INTEGER NOT NULL,
  cards TEXT NOT NULL
) STRICT, WITHOUT ROWID;
