-- The RFC 6962 tree over the journal: hashes of its complete subtrees, from which every root and
-- proof is computed. Never rewritten. `algorithm`: the suite whose hash it takes.
CREATE TABLE tree_nodes (
  algorithm INTEGER NOT NULL,
  level INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (algorithm, level, position)
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each generation; `size` only grows.
CREATE TABLE checkpoints (
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  root TEXT NOT NULL,
  note TEXT NOT NULL,
  signed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest checkpoint that each witness has signed, with its line.
CREATE TABLE cosignatures (
  origin TEXT NOT NULL,
  witness TEXT NOT NULL,
  size INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (origin, witness)
) STRICT, WITHOUT ROWID;
