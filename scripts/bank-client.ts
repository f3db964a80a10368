#!/usr/bin/env node
/**
 * An example of a compute bank's backend: it follows the change feed, searches, draws, gives back, and
 * checks its own book against the collector's list and statement. Plain `fetch`; `docs/bank-client.md`
 * walks through it. Its parts in `bank-client/` can be copied.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Api, Refused } from './bank-client/api.ts'
import { BankClient } from './bank-client/client.ts'
import { REFUSALS } from './bank-client/refusals.ts'

const USAGE = `node scripts/bank-client.ts [options] COMMAND

  search               what can be drawn: --cards --model --hours --region --site --confidence
  try                  a dry run of a draw: nothing is held
  hold ID              holds cards for a moment: --cards --model --hours --site --lot ID:CARDS
                       with --start INSTANT --confidence 0.8 it books them
  post ID              the lease begins
  draw ID              hold and post; searches again with another id where that helps
  extend ID            --until INSTANT
  return ID            --ordinals 0,1 (default: all)
  void ID              gives a hold or a booking up
  show ID              the draw as the collector has it
  book                 this client's own book
  follow               the change feed, until there is no news for --wait (default 0s); again and again with --forever
  resume               asks again for what had no answer when this program was ended
  replay               after a restore: tells the collector of every live draw
  reconcile            own book, list of draws and statement of --borrower against each other; exit 1 when they differ
  statement            of --borrower, --from INSTANT --to INSTANT (full hours); signed into --out FILE

  --url URL            default http://127.0.0.1:7480
  --token TOKEN        of the role bank; default: the variable YIBEN_TOKEN
  --state FILE         the book; default ./bank-client.json
  --bank NAME          default 'bank'
  --borrower NAME      default 'borrower'
  --contract NAME      default 'contract'`

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:7480' },
  token: { type: 'string' },
  state: { type: 'string', default: 'bank-client.json' },
  bank: { type: 'string', default: 'bank' },
  borrower: { type: 'string', default: 'borrower' },
  contract: { type: 'string', default: 'contract' },
  cards: { type: 'string', default: '1' },
  model: { type: 'string' },
  site: { type: 'string' },
  region: { type: 'string' },
  hours: { type: 'string', default: '1' },
  confidence: { type: 'string' },
  start: { type: 'string' },
  lot: { type: 'string', multiple: true },
  unfenced: { type: 'boolean', default: false },
  'hold-ms': { type: 'string' },
  until: { type: 'string' },
  ordinals: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  out: { type: 'string' },
  wait: { type: 'string', default: '0' },
  forever: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const
type Values = ReturnType<typeof parsed>['values']

const DRAWS_TRIED_MAX = 3
const FOLLOW_WAIT_MS = 50_000
/** Exit codes: 0 done, 1 refused or not the same, 2 wrong usage. */
const EXIT_REFUSED = 1
const EXIT_USAGE = 2

class UsageError extends Error {}

function parsed() {
  return parseArgs({ options: OPTIONS, allowPositionals: true })
}

interface Call {
  readonly api: Api
  readonly bank: BankClient
  readonly values: Values
  readonly id: string
}

const COMMANDS: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  search: ({ api, values }) => {
    const { cards, confidence, hours, model, region } = values
    const unfenced = values.unfenced ? 'true' : undefined
    return api.get(`/v1/capacity?${queryOf({ cards, confidence, hours, model, region, unfenced })}`)
  },
  try: ({ api, values, id }) => {
    const body = { draw_id: id || 'try', bank: values.bank, ...requestOf(values) }
    return api.post('/v1/draws?dry_run=true', body)
  },
  hold: ({ bank, values, id }) => bank.hold(id, requestOf(values)),
  post: ({ bank, id }) => bank.post(id),
  draw: drawWhole,
  extend: ({ bank, values, id }) => bank.extend(id, needed(values.until, '--until')),
  return: ({ bank, values, id }) => bank.return(id, values.ordinals?.split(',').map(Number)),
  void: ({ bank, id }) => bank.void(id),
  show: ({ api, id }) => api.get(`/v1/draws/${id}`),
  book: async ({ bank }) => bank.book,
  follow: followFeed,
  resume: async ({ bank }) => ({ asked_again: await bank.resume() }),
  replay: async ({ bank }) => {
    await bank.replay()
    return { replayed: true }
  },
  reconcile: async ({ bank, values }) => {
    const found = await bank.reconcile(values.borrower)
    if (found.differences.length + found.draws.length > 0) process.exitCode = EXIT_REFUSED
    return found
  },
  statement: async ({ api, values }) => {
    const span = { from: needed(values.from, '--from'), to: needed(values.to, '--to') }
    const path = `/v1/borrowers/${encodeURIComponent(values.borrower)}/statement?${queryOf(span)}`
    if (values.out === undefined) return await api.get(path)
    writeFileSync(values.out, await api.text(`${path}&format=signed`))
    return { written: values.out }
  },
}
const NEED_ID = ['hold', 'post', 'draw', 'extend', 'return', 'void', 'show']

/** Hold and post. Where another choice may serve, it is another draw, with another id. */
async function drawWhole({ bank, values, id }: Call): Promise<unknown> {
  for (let tried = 1; ; tried += 1) {
    const drawId = tried === 1 ? id : `${id}-${tried}`
    try {
      await bank.hold(drawId, requestOf(values))
      return await bank.post(drawId)
    } catch (error) {
      const mayHelp = error instanceof Refused && REFUSALS[error.code]?.remedy === 'search'
      if (!mayHelp || tried === DRAWS_TRIED_MAX) throw error
      console.error(`${drawId}: ${error.message}; searching again`)
    }
  }
}

async function followFeed({ bank, values }: Call): Promise<unknown> {
  const waitMs = Number(values.wait.replace(/s$/, '')) * 1_000
  if (!Number.isFinite(waitMs) || waitMs < 0) throw new UsageError('--wait takes seconds')
  if (!values.forever) {
    const changes = await bank.follow(Math.min(waitMs, FOLLOW_WAIT_MS))
    return { changes, cursor: bank.book.cursor }
  }
  for (;;) {
    const changes = await bank.follow(FOLLOW_WAIT_MS)
    if (changes > 0) console.error(`${changes} changes, up to ${bank.book.cursor}`)
    else await delay(0)
  }
}

function requestOf(values: Values): object {
  const { borrower, contract, model, region, site, start, unfenced } = values
  const pool = defined({ model, site, region, cards: Number(values.cards) })
  const lots = values.lot?.map((text) => {
    const [lotId, cards = '1'] = text.split(':')
    return { lot_id: lotId, cards: Number(cards) }
  })
  return defined({
    borrower,
    contract,
    hours: Number(values.hours),
    ...(lots === undefined ? { pool } : { lots }),
    start,
    confidence: values.confidence === undefined ? undefined : Number(values.confidence),
    hold_ms: values['hold-ms'] === undefined ? undefined : Number(values['hold-ms']),
    unfenced: unfenced || undefined,
  })
}

function queryOf(fields: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(defined(fields) as Record<string, string>)
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new UsageError(`${name} is needed`)
  return value
}

async function main(): Promise<void> {
  const { positionals, values } = parsed()
  const [name = '', id = ''] = positionals
  const command = COMMANDS[name]
  if (values.help || (name === '' && positionals.length === 0)) return console.log(USAGE)
  if (command === undefined) throw new UsageError(`there is no command ${name}`)
  if (NEED_ID.includes(name) && id === '') throw new UsageError(`${name} needs an id`)
  const token = values.token ?? process.env.YIBEN_TOKEN
  if (token === undefined) throw new UsageError('--token, or the variable YIBEN_TOKEN, is needed')
  const api = new Api({ url: values.url, token, onRetry: (sentence) => console.error(sentence) })
  const bank = new BankClient({ api, file: values.state, bank: values.bank })
  console.log(JSON.stringify(await command({ api, bank, values, id }), null, 2))
}

try {
  await main()
} catch (error) {
  const isUsage = error instanceof UsageError || (error as Error).name === 'TypeError'
  if (error instanceof Refused) console.log(JSON.stringify(error.problem, null, 2))
  else console.error(isUsage ? `${(error as Error).message}\n\n${USAGE}` : error)
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : EXIT_REFUSED
}
