-- What the quality page tells of spools and clocks: when an epoch began and why, and where nodes
-- have told of a step of their clock (code 35, unknown/clock; rare, so the index is small).

ALTER TABLE epochs ADD COLUMN began_at_ms INTEGER NOT NULL DEFAULT 0;
-- first: the node's first spool; replaced: another took its place; forked: the one before held
-- other records under the same numbers.
ALTER TABLE epochs ADD COLUMN begun_as TEXT NOT NULL DEFAULT 'first';
CREATE INDEX epochs_replaced ON epochs (began_at_ms) WHERE begun_as <> 'first';

CREATE INDEX runs_clock ON runs (end_ms) WHERE code = 35;
