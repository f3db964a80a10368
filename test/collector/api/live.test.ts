/** What moves, streamed to pages that are open: what is said, to whom, and what ends it. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../collector/src/model/ledger.ts'
import { settle } from '../../support/fake-clock.ts'
import { MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { Browser } from './login/browser.ts'
import { TwoSites } from './two-sites.ts'

interface Heard {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies are what the test looks at
  readonly data: any
}

let sites: TwoSites
let port: number
let streams: Stream[] = []

beforeEach(async () => {
  sites = await TwoSites.start()
  await sites.api.app.listen({ host: '127.0.0.1', port: 0 })
  ;({ port } = sites.api.app.server.address() as AddressInfo)
})
afterEach(async () => {
  for (const stream of streams) stream.leave()
  streams = []
  await sites.api.close()
})

class Stream {
  readonly heard: Heard[] = []
  readonly leave: () => void
  readonly ended: Promise<unknown>
  beats = 0

  private constructor(response: IncomingMessage, leave: () => void) {
    this.leave = leave
    this.ended = new Promise((resolve) => response.once('close', resolve))
    let text = ''
    response.setEncoding('utf8')
    response.on('error', () => {})
    response.on('data', (chunk: string) => {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) this.#take(block)
    })
  }

  static async open(headers: Readonly<Record<string, string>>): Promise<Stream> {
    const request = get({ port, path: '/v1/live', headers })
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      200,
      'text/event-stream',
    ])
    const stream = new Stream(response, () => request.destroy())
    streams.push(stream)
    await stream.until(() => stream.heard.length > 0)
    return stream
  }

  of(event: string): readonly Heard[] {
    return this.heard.filter((one) => one.event === event)
  }

  /** Real sockets: turns of the real event loop, while the clock stands. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 2_000 && !isSo(); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      await settle()
    }
    expect(isSo()).toBe(true)
  }

  #take(block: string): void {
    if (block.startsWith(':')) this.beats += 1
    const event = /^event: (.*)$/m.exec(block)?.[1]
    const data = /^data: (.*)$/m.exec(block)?.[1]
    if (event !== undefined && data !== undefined)
      this.heard.push({ event, data: JSON.parse(data) })
  }
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` }
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await sites.api.rig.clock.run(Math.min(500, left))
    await new Promise((resolve) => setImmediate(resolve))
    await settle()
  }
}

describe('what is said', () => {
  test('where the ledger stands at once, and again when something moved, not more often than every 2 s', async () => {
    const { api } = sites
    const stream = await Stream.open(bearer(api.tokens.get('regulator')))
    expect(stream.of('ledger')[0]?.data).toEqual({
      as_of: new Date(api.rig.now - 120_000).toISOString(),
      known_at: new Date(api.rig.now).toISOString(),
    })
    await pass(10_000)
    expect(stream.of('ledger')).toHaveLength(1)
    for (let round = 0; round < 8; round += 1) {
      await api.ask('PUT', '/v1/sites/BJ-50', 'admin', { name: `${round}`, region_code: '110000' })
      await api.sequencer.drain()
      await pass(500)
    }
    await stream.until(() => stream.of('ledger').length > 1)
    expect(stream.of('ledger').length).toBeLessThanOrEqual(4)
  })

  test('that hours were sealed and corrected, once each, and not what of', async () => {
    const { api } = sites
    const { now, store } = api.rig
    const stream = await Stream.open(bearer(api.tokens.get('regulator')))
    const entry = (kind: 'hour_sealed' | 'hour_corrected', payload: JsonObject) => {
      return { kind, atMs: now, payload: { hour_ms: START_MS, ...payload } }
    }
    const entries = [
      entry('hour_sealed', { version: 1, buckets: 2 }),
      entry('hour_corrected', { version: 2, part: 1, parts: 2, sites: [{ site: 'NM-01' }] }),
      entry('hour_corrected', { version: 2, part: 2, parts: 2, sites: [{ site: 'BJ-01' }] }),
    ]
    await store.keepStatement({ sha256: 'ab'.repeat(32), issuedAtMs: now, outbox: entries })
    await api.sequencer.drain()
    await pass(2_000)
    await stream.until(() => stream.of('hour_corrected').length > 0)
    const told = { hour: new Date(START_MS).toISOString(), known_at: new Date(now).toISOString() }
    expect(stream.of('hour_sealed').map(({ data }) => data)).toEqual([{ ...told, version: 1 }])
    expect(stream.of('hour_corrected').map(({ data }) => data)).toEqual([{ ...told, version: 2 }])
  })

  test('that the feed moved, to who would be shown what moved, and to nobody else', async () => {
    const { api } = sites
    const stranger = await api.token({ role: 'regulator', regionCode: '440000' })
    const national = await Stream.open(bearer(api.tokens.get('regulator')))
    const elsewhere = await Stream.open(bearer(stranger))
    await sites.hold('d-1')
    await api.sequencer.drain()
    await pass(2_000)
    await national.until(() => national.of('changes').length > 0)
    const { next } = national.of('changes')[0]?.data ?? {}
    const behind = await api.get(`/v1/changes?after=${next}`, 'regulator')
    expect([behind.status, behind.body.changes]).toEqual([200, []])
    expect(elsewhere.of('changes')).toEqual([])
  })

  test('that it still lives, when nothing else is to be said', async () => {
    const stream = await Stream.open(bearer(sites.api.tokens.get('regulator')))
    await pass(31_000)
    await stream.until(() => stream.beats >= 2)
  })
})

describe('what ends it', () => {
  test('logging out, at once', async () => {
    const browser = new Browser(sites.api.app)
    await browser.logIn(await sites.api.token({ role: 'regulator' }))
    const stream = await Stream.open({
      cookie: `yiben_session=${browser.cookies.get('yiben_session')}`,
    })
    await browser.ask('DELETE', '/v1/session')
    await stream.ended
    expect(stream.of('end')).toHaveLength(1)
  })

  test('revoking its token over this interface, at once', async () => {
    const { api } = sites
    const token = await api.token({ role: 'regulator' })
    const stream = await Stream.open(bearer(token))
    const id = Buffer.from(token.slice(4), 'base64url').subarray(0, 8).toString('hex')
    await api.ask('POST', `/v1/tokens/${id}/revoke`, 'security')
    await stream.ended
  })

  test('revoking its token elsewhere, within a heartbeat; other streams go on', async () => {
    const { api } = sites
    const token = await api.token({ role: 'regulator' })
    const [stream, other] = [
      await Stream.open(bearer(token)),
      await Stream.open(bearer(api.tokens.get('regulator'))),
    ]
    const id = Buffer.from(token.slice(4), 'base64url').subarray(0, 8).toString('hex')
    await api.rig.store.revokeToken(id, api.rig.now, [])
    await pass(16_000)
    await stream.ended
    expect(other.of('end')).toEqual([])
  })

  test('an idle session: a stream keeps none alive', async () => {
    const browser = new Browser(sites.api.app)
    await browser.logIn(await sites.api.token({ role: 'regulator' }))
    const stream = await Stream.open({
      cookie: `yiben_session=${browser.cookies.get('yiben_session')}`,
    })
    await pass(31 * MINUTE)
    await stream.ended
  })

  test('the end of the collector', async () => {
    const stream = await Stream.open(bearer(sites.api.tokens.get('regulator')))
    sites.api.context.entries.close()
    await stream.ended
  })
})

test('more followers than the bound are refused, and let in when one leaves', async () => {
  const { api } = sites
  const headers = bearer(api.tokens.get('regulator'))
  for (let follower = 0; follower < 4; follower += 1) await Stream.open(headers)
  const refused = await api.get('/v1/live', 'regulator')
  expect([refused.status, refused.body.code]).toEqual([503, 'overloaded'])
  streams[0]?.leave()
  await pass(1_000)
  await Stream.open(headers)
})

test('a stream is in the audit log from its beginning', async () => {
  const { api } = sites
  await api.context.audit.round()
  const { head } = await api.rig.store.auditState()
  await Stream.open(bearer(api.tokens.get('regulator')))
  await api.context.audit.round()
  const rows = await api.rig.store.readAuditChain(head.number, 10)
  expect(rows.map(({ route, status }) => [route, status])).toEqual([['/v1/live', 200]])
})
