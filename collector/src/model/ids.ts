/** Branded ids of the collector, so that one cannot be passed for another. */

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** `n-` and 16 hex digits, minted at enrollment. */
export type NodeId = Branded<string, 'NodeId'>
/** `c-` and 16 hex digits: a collector that reports here. */
export type ChildId = Branded<string, 'ChildId'>
/** Surrogate number of a physical accelerator or of a slice; identities hang on it. */
export type AcceleratorId = Branded<number, 'AcceleratorId'>
/** Surrogate number of one placement: this accelerator on this node, from a time on. */
export type UnitId = Branded<number, 'UnitId'>
/** Gap-free number of a journal entry, from 1. */
export type EntrySeq = Branded<number, 'EntrySeq'>
/** 1 for a fresh ledger; a restore mints a higher one. */
export type LedgerGeneration = Branded<number, 'LedgerGeneration'>
/** The fence of a node's session: only the holder of the highest may write. */
export type SessionGeneration = Branded<number, 'SessionGeneration'>
