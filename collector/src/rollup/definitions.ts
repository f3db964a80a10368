/**
 * Versions of what figures mean. They stand beside every figure, so that one can be reproduced; a
 * rule that changes a figure gets a new version here, never a silent edit.
 */

/** How a second becomes one of the seven states: the verdict table of the agent (DESIGN 2.1). */
export const STATE_DEFINITION_VERSION = 'v1'

/**
 * The stages of the one ledger. v1: a card counts once, under its own timeline, sliced or not; of
 * two claims in an identity conflict the first counts; connected means its node proved something in
 * the 24 h before; deposited is the part of free under an open deposit.
 */
export const LEDGER_DEFINITION_VERSION = 'v1'

/**
 * Hour × site × owner × profile sums; states of a unit add up to its valid time (bucket.ts). Owner,
 * region and operator are those that the site's terms named for the hour when it was sealed or last
 * corrected: what is said of the past later moves no figure that has been given out.
 */
export const BUCKET_DEFINITION_VERSION = 'v1'

/** DESIGN 6: of a site (or another group) with less of its time told, rates are shown, not ranked. */
const RANKED_COVERAGE_PERCENT = 90n

/** Whether so much of the time is told that a rate may be compared with others. */
export function isRanked(all: bigint, unknown: bigint): boolean {
  return all > 0n && (all - unknown) * 100n >= all * RANKED_COVERAGE_PERCENT
}

/** What evidence makes of promised time (bank/settlement.ts), and what a statement adds up. */
export const ACCOUNT_DEFINITION_VERSION = 'v1'

/** DESIGN 3: shown by an agent within this time before the instant. */
export const CONNECTED_WITHIN_MS = 24 * 3_600_000
/** DESIGN 2.2: silent for longer, a card is lapsed. */
export const LAPSED_AFTER_MS = 30 * 24 * 3_600_000
