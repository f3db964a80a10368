/**
 * The bank of the demo, in a process of its own: it draws a few of the cards that the made-up owners
 * deposit, keeps them for some minutes, and gives them back, so that there are draws, leases and
 * statements to look at. It is the example client, used as any bank would use it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Api, Refused } from '../bank-client/api.ts'
import { isOver, type OwnDraw } from '../bank-client/book.ts'
import { BankClient } from '../bank-client/client.ts'

export interface BankArguments {
  readonly url: string
  readonly token: string
  /** The bank's book. */
  readonly file: string
}

const BANK = 'demo-bank'
const LOOK_EVERY_MS = 20_000
const MINUTE_MS = 60_000
/** What each borrower asks for, and how long it keeps it. */
const BORROWERS = [
  { name: 'demo-lab', cards: 2, keptMs: 2 * MINUTE_MS },
  { name: 'demo-university', cards: 4, keptMs: 10 * MINUTE_MS },
  { name: 'demo-startup', cards: 8, keptMs: 30 * MINUTE_MS },
] as const

type Borrower = (typeof BORROWERS)[number]

const { file, token, url }: BankArguments = JSON.parse(process.argv[2] ?? '{}')
const api = new Api({ url, token })
const bank = new BankClient({ api, file, bank: BANK })
const stopping = new AbortController()
for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event, () => stopping.abort())
}

async function look(): Promise<void> {
  await bank.resume()
  await bank.follow()
  for (const borrower of BORROWERS) {
    const live = Object.entries(bank.book.draws).filter(
      ([drawId, draw]) => drawId.startsWith(borrower.name) && !isOver(draw),
    )
    if (live.length === 0) await drawFor(borrower)
    for (const [drawId, draw] of live) if (isTimeUp(draw, borrower)) await bank.return(drawId)
  }
}

/** Of one site, for an hour: it is given back before. Asked for only where it would be granted. */
async function drawFor({ cards, name: borrower }: Borrower): Promise<void> {
  const pool = { cards, same_site: true }
  const request = { borrower, contract: 'demo', hours: 1, pool, unfenced: true }
  const drawId = `${borrower}-${Date.now()}`
  const trial = { ...request, draw_id: drawId, bank: BANK }
  const { possible } = await api.post('/v1/draws?dry_run=true', trial)
  if (!possible) return
  await bank.hold(drawId, request)
  await bank.post(drawId)
}

/** What is given back already is cleaning, and nobody's to return. */
function isTimeUp({ cards }: OwnDraw, { keptMs }: Borrower): boolean {
  const lent = Object.values(cards).filter(({ endedAtMs }) => endedAtMs === null)
  return lent.length > 0 && lent.every(({ startMs }) => Date.now() > startMs + keptMs)
}

while (!stopping.signal.aborted) {
  // What is refused now (nothing is deposited yet, a node is away) may be granted at the next look.
  await look().catch((error: unknown) => {
    if (!(error instanceof Refused) && !stopping.signal.aborted) console.error(String(error))
  })
  await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {})
}
process.disconnect?.()
