-- Decisions on draws that the second journal has not been seen to hold yet: written with the
-- decision, numbered without a gap, taken away once they are on the other disk. Empty where there
-- is none.
CREATE TABLE draw_copies (
  number bigint PRIMARY KEY,
  -- JSON of the decision, as the store was asked to write it.
  change text COLLATE "C" NOT NULL
);
ALTER TABLE numbers ADD COLUMN copy_number bigint NOT NULL DEFAULT 0;
