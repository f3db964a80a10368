/**
 * Every refusal of a draw by its name: what it means for a bank, and what its backend does then. The
 * page `docs/bank-client.md` shows this table; a test holds both to the collector's own list.
 */

/** What a bank's backend does about a refusal. */
export type Remedy =
  /** The same call again, a little later, with the same id. */
  | 'wait'
  /** Ask again for every draw with its own id, then say so: the collector was restored. */
  | 'replay'
  /** Read the draw: it is further than this call assumed. */
  | 'look'
  /** Search again, and draw with a new id. */
  | 'search'
  /** Ask for something else: the same question gets the same answer. */
  | 'change'
  /** A fault of the client: a person looks. */
  | 'stop'

export interface RefusalHelp {
  readonly meaning: string
  readonly remedy: Remedy
}

export const REFUSALS: Readonly<Record<string, RefusalHelp>> = {
  recovering: {
    meaning: 'the collector was restored and does not know yet what is lent',
    remedy: 'replay',
  },
  clock_accused: { meaning: 'the collector doubts its own clock', remedy: 'wait' },
  deposits_suspended: { meaning: 'the collector suspects its own links', remedy: 'wait' },
  id_reused: { meaning: 'the id names a draw that was asked for in other words', remedy: 'stop' },
  draw_unknown: { meaning: 'no draw that you may see has this id', remedy: 'stop' },
  wrong_state: { meaning: 'the draw is in a state in which this cannot be done', remedy: 'look' },
  hold_lapsed: { meaning: 'the hold has lapsed before it was posted', remedy: 'search' },
  card_unknown: { meaning: 'the draw has no card of this ordinal', remedy: 'stop' },
  spans_ledgers: {
    meaning: 'the lots are of more than one collector (`path` in the search)',
    remedy: 'change',
  },
  child_closed: {
    meaning: 'the collector below that has the cards does not let this one draw them; `reason`',
    remedy: 'change',
  },
  too_far: {
    meaning: 'a booking begins in a minute to seven days, not sooner or later',
    remedy: 'change',
  },
  lot_unknown: {
    meaning: 'the lot, or the kind of card, is not on offer (any more)',
    remedy: 'search',
  },
  unfenced: {
    meaning: 'only cards would serve that their owner’s scheduler can still use',
    remedy: 'change',
  },
  too_long: { meaning: 'no owner who has such cards lends them for so long', remedy: 'change' },
  node_suspended: { meaning: 'the nodes that have the cards are not heard now', remedy: 'search' },
  not_enough: { meaning: 'not enough such cards are deposited and free', remedy: 'change' },
  not_sure_enough: {
    meaning: 'no choice of cards is as likely to last as was asked for',
    remedy: 'change',
  },
  over_booked: { meaning: 'more would be booked than is likely to be free', remedy: 'change' },
  taken: { meaning: 'another draw was quicker', remedy: 'search' },
  node_unreachable: {
    meaning: 'a node that has the cards did not answer within two seconds',
    remedy: 'search',
  },
  declined: {
    meaning: 'a node does not lend the cards now; `reason` says why (`veto`, `allocated` …)',
    remedy: 'search',
  },
}

const REMEDIES: Readonly<Record<Remedy, string>> = {
  wait: 'the same call again with the same id, after `Retry-After`',
  replay: 'ask again for every live draw by its own id, then `POST /v1/recovery/replayed`',
  look: '`GET /v1/draws/{id}` and go on from there',
  search: 'search again and draw with a new id; this id keeps its answer',
  change: 'ask for something else, with a new id; a dry run costs nothing',
  stop: 'a fault of the client: have a person look',
}

/** The rows of the table in the page, in the order in which the collector looks for them. */
export function refusalTable(): string {
  const rows = Object.entries(REFUSALS).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${REMEDIES[remedy]} |`,
  )
  return ['| refusal | what it means | what to do |', '|---|---|---|', ...rows].join('\n')
}
