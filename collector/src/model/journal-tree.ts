/** The tree over the journal, what was signed of it, and what witnesses say. */

/**
 * A complete subtree: 2^level leaves from leaf position × 2^level on. Level 0 are the leaves; leaf
 * n - 1 is entry n. Its hash never changes.
 */
export interface TreeNodeId {
  readonly level: number
  readonly position: number
}

export interface TreeNode extends TreeNodeId {
  readonly hash: Uint8Array
}

/** A checkpoint as it was signed: one size has one root, for ever. */
export interface StoredCheckpoint {
  readonly size: number
  /** Hex. */
  readonly root: string
  /** The signed note; without lines of witnesses. */
  readonly note: string
  readonly signedAtMs: number
}

/** The newest checkpoint that a witness has signed. */
export interface StoredCosignature {
  /** Name and id of its key, as in its verifier key. */
  readonly witness: string
  readonly size: number
  /** When it says that it signed, since 1970. */
  readonly seconds: number
  /** The note with our line and the witness's. */
  readonly note: string
}

/** How far the tree is kept, and what stands under one origin. */
export interface TreeState {
  readonly size: number
  readonly checkpoint: StoredCheckpoint | null
  /** One per witness, largest tree first. */
  readonly cosignatures: readonly StoredCosignature[]
}

/** Which tree (the number of its suite), and under which origin it is signed. */
export interface TreeName {
  readonly algorithm: number
  readonly origin: string
}

export interface TreeExtension extends TreeName {
  /** Leaves that were there when this was computed. */
  readonly expectedSize: number
  readonly size: number
  /** Every subtree that the new leaves complete. */
  readonly nodes: readonly TreeNode[]
  /** Over the tree as it is then; `null`: only grown. */
  readonly checkpoint: StoredCheckpoint | null
}
