-- Which process serves this ledger: counts those that have. Every connection of the one that serves
-- shares a lock on its number; the next one may begin when nobody holds that any more, and whoever
-- comes back under an older number is sent away.
CREATE TABLE serving (
  one bigint PRIMARY KEY CHECK (one = 1),
  number bigint NOT NULL,
  -- Of the collector whose ledger this is; it has the other half in its data folder. NULL: nobody has
  -- served it yet.
  public_key text COLLATE "C"
);
INSERT INTO serving (one, number) VALUES (1, 0);
