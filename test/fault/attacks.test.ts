/**
 * A collector under attack, over real sockets: each attempt ends, is refused or is flagged, its memory
 * stays bounded, and a well-behaved node beside it goes on being acknowledged in time. Short here;
 * `scripts/attack.ts` does the same with more of everything, and prints what it saw.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import {
  encodeRecord,
  encodeToCollector,
  parseAccessToken,
  parseEnrollmentToken,
  UNITS_PER_NODE_MAX,
} from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Attacker, FINAL, frame, OPCODE, RESERVED_1 } from '../support/attackers.ts'
import { tokenIn } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { until } from '../support/program.ts'
import { RawNode } from '../support/raw-node.ts'
import { factsOf } from '../support/records.ts'

/** How much more of everything than here. */
const SCALE = Number(process.env.YIBEN_ATTACK_SCALE ?? 1)
const WAIT_MS = 2_000
const PER_ADDRESS = 200
/** A collector of this test at rest takes some 150 MB. */
const MEMORY_GROWTH_MAX = 250 * 1024 * 1024
/** Of one record while everything goes on; a machine that runs other tests beside it. */
const ACK_MS_MAX = 3_000
const ADDRESSES = Array.from({ length: 20 }, (_, at) => `127.0.1.${at + 1}`)

const SIXTY = Array.from({ length: 60 }, (_, at) => `127.0.2.${at + 1}`)

let world: E2eWorld
let neighbour: RawNode
let port = 0
let enrollment = ''
const seen: string[] = []

beforeAll(async () => {
  world = new E2eWorld('suite')
  world.collector.configure([
    'seal_delay: 1s',
    'bank: { observing: 1s }',
    `limits: { handshake_timeout: 2s, handshakes_per_address: ${PER_ADDRESS}, requests_per_minute: 600 }`,
  ])
  await world.collector.start()
  port = world.collector.port
  neighbour = new RawNode(world.collector.url)
  enrollment = await world.collector.enrollmentToken(1_000)
  await neighbour.enroll(enrollment)
})
afterAll(async () => {
  if (SCALE > 1) process.stdout.write(`${seen.join('\n')}\n`)
  neighbour.close()
  await world[Symbol.asyncDispose]()
})

/** Resident memory of the collector. */
function memoryBytes(): number {
  const status = readFileSync(`/proc/${world.collector.program.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}

/** Files and sockets that the collector has open. */
function openFiles(): number {
  return readdirSync(`/proc/${world.collector.program.pid}/fd`).length
}

/** One record of the node that belongs here, and how long its acknowledgement took. */
async function acknowledged(): Promise<number> {
  const startMs = performance.now()
  neighbour.send([{ kind: 'goodbye', goodbye: { atMs: Date.now(), reason: 'stop' } }])
  const heard = await neighbour.next(ACK_MS_MAX)
  expect(heard).toMatchObject({ kind: 'ack', ack: { watermark: neighbour.lastSeq } })
  return performance.now() - startMs
}

/** Attacks, and has records acknowledged all the while; what it cost is kept. */
async function under(name: string, attack: () => Promise<void>): Promise<void> {
  const beforeBytes = memoryBytes()
  let isOver = false
  const attacking = attack().finally(() => {
    isOver = true
  })
  // Awaited below; until then nobody else hears of a failure.
  attacking.catch(() => {})
  const times: number[] = []
  let peakBytes = beforeBytes
  // At least once while it goes on; bounded by the attack.
  do {
    times.push(await acknowledged())
    peakBytes = Math.max(peakBytes, memoryBytes())
    await delay(20)
  } while (!isOver)
  await attacking
  times.push(await acknowledged())
  times.sort((left, right) => left - right)
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0)
  const grownMb = Math.round((peakBytes - beforeBytes) / 1024 ** 2)
  seen.push(
    `${name}: ${times.length} acks, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, memory +${grownMb} MB`,
  )
  expect(peakBytes - beforeBytes).toBeLessThan(MEMORY_GROWTH_MAX * Math.max(1, SCALE / 5))
  expect(world.collector.program.isRunning).toBe(true)
}

async function closed(attackers: readonly Attacker[], withinMs: number): Promise<void> {
  await until(
    'the collector has closed them',
    () => (attackers.every(({ isClosed }) => isClosed) ? true : null),
    withinMs,
  )
}

function many(count: number, addresses: readonly string[] = ADDRESSES): Attacker[] {
  return Array.from({ length: count }, (_, at) => {
    return new Attacker(port, addresses[at % addresses.length])
  })
}

describe('slow and silent connections', () => {
  test('half of a request, a byte at a time, is closed when its time is over', async () => {
    await under('slow headers', async () => {
      const attackers = many(200 * SCALE)
      const request = 'GET /v1/healthz HTTP/1.1\r\nhost: x\r\nx-padding: '
      for (let sent = 0; sent < 8; sent += 1) {
        for (const one of attackers) one.write(request.slice(sent * 6, sent * 6 + 6))
        await delay(500)
      }
      await closed(attackers, 2 * WAIT_MS)
    })
  }, 60_000)

  test('a body that never ends is refused before it is read, and its connection closed', async () => {
    await under('slow bodies', async () => {
      const attackers = many(100 * SCALE)
      const head = ['POST /v1/draws HTTP/1.1', 'content-type: application/json']
      const asked = attackers.map((one) => one.ask([...head, 'content-length: 200000'], '{"a": '))
      for (const line of await Promise.all(asked)) expect(line).toMatch(/ (401|429) /)
      await closed(attackers, 2 * WAIT_MS)
    })
  }, 60_000)

  test.each([
    { from: 'one address: so many of it', addresses: ['127.0.0.9'] },
    { from: 'sixty addresses: all of them', addresses: SIXTY },
  ])(
    'connections that say nothing, from $from, and none for long',
    async ({ from, addresses }) => {
      const count = SCALE > 1 ? 10_000 : 1_000
      const held = Math.min(count, PER_ADDRESS * addresses.length)
      const beforeFiles = openFiles()
      let mostFiles = 0
      await under(`${count} connections without a word, from ${from}`, async () => {
        const attackers: Attacker[] = []
        // In rounds, as many as the queue of the socket takes at once.
        for (let left = count; left > 0; left -= 250) {
          const some = many(Math.min(left, 250), addresses)
          await Promise.all(some.map((one) => one.connected()))
          attackers.push(...some)
          mostFiles = Math.max(mostFiles, openFiles() - beforeFiles)
        }
        expect(mostFiles).toBeLessThan(held + 300)
        using late = new RawNode(world.collector.url)
        await late.connect()
        await until(
          'all are closed',
          () => (openFiles() <= beforeFiles + 10 ? true : null),
          3 * WAIT_MS,
        )
        for (const one of attackers) one[Symbol.dispose]()
      })
      seen.push(`  of them ${mostFiles} were open at once`)
    },
    90_000,
  )

  test('links that never prove who they are end in time, and their address is let in rarely', async () => {
    await under('links without a proof', async () => {
      const attackers = many(2 * PER_ADDRESS, ['127.0.0.8'])
      const lines = await Promise.all(attackers.map((one) => one.upgrade()))
      const taken = lines.filter((line) => line.includes(' 101 ')).length
      expect(taken).toBeLessThanOrEqual(PER_ADDRESS)
      await until(
        'all have been told',
        () => {
          const isTold = ({ heard, isClosed }: Attacker) =>
            isClosed || /handshake_timeout|handshake_limit/.test(heard)
          return attackers.every(isTold) || null
        },
        3 * WAIT_MS,
      )
      for (const one of attackers) one[Symbol.dispose]()
    })
  }, 60_000)
})

describe('frames', () => {
  const ended = async (one: Attacker) => {
    await until('the connection is ended', () =>
      one.isClosed || one.heard.includes('\x88') ? true : null,
    )
  }

  test('compression is not agreed to, and compressed frames end the connection', async () => {
    await under('compression', async () => {
      using one = new Attacker(port)
      const line = await one.upgrade([
        'sec-websocket-extensions: permessage-deflate; client_max_window_bits',
      ])
      expect(line).toContain(' 101 ')
      expect(one.heard.toLowerCase()).not.toContain('sec-websocket-extensions')
      one.write(frame(FINAL | RESERVED_1 | OPCODE.binary, gzipSync(new Uint8Array(1024 ** 2))))
      await ended(one)
    })
  })

  test.each([
    ['a control frame longer than one may be', [frame(FINAL | OPCODE.ping, new Uint8Array(126))]],
    ['a control frame in pieces', [frame(OPCODE.ping, new Uint8Array(4))]],
    ['a continuation of nothing', [frame(FINAL | OPCODE.continuation, new Uint8Array(4))]],
    ['text', [frame(FINAL | OPCODE.text, Buffer.from('{"hello": true}'))]],
    ['a frame that says it is endless', [Uint8Array.of(0x82, 0xff, 0x7f, ...Array(7).fill(0xff))]],
    ['a frame without a mask', [Uint8Array.of(0x82, 1, 1)]],
  ])('%s ends the connection that brought it', async (name, frames) => {
    await under(name, async () => {
      using one = new Attacker(port)
      await one.upgrade()
      for (const bytes of frames) one.write(bytes)
      await ended(one)
    })
  })

  test('a message in pieces of a byte ends the connection, and takes no memory', async () => {
    await under('pieces of a byte', async () => {
      const attackers = many(50 * SCALE)
      await Promise.all(attackers.map((one) => one.upgrade()))
      const pieces = Buffer.concat(
        Array.from({ length: 20_000 }, (_, at) =>
          frame(at === 0 ? OPCODE.binary : 0, Uint8Array.of(7)),
        ),
      )
      for (const one of attackers) one.write(pieces)
      await Promise.all(attackers.map(ended))
    })
  }, 60_000)

  test('pings without end to a peer that reads nothing take no memory', async () => {
    const flood = Buffer.concat(
      Array.from({ length: 2_000 }, () => frame(FINAL | OPCODE.ping, new Uint8Array(125))),
    )
    await under('ping flood', async () => {
      const attackers = many(4)
      await Promise.all(attackers.map((one) => one.upgrade()))
      for (const one of attackers) one.socket.pause()
      for (let round = 0; round < 100 * SCALE; round += 1) {
        // Not faster than the network takes it: the attacker's own memory is not what is tested.
        for (const one of attackers) if (one.socket.writableLength < 2 ** 20) one.write(flood)
        await delay(10)
      }
      for (const one of attackers) one[Symbol.dispose]()
    })
  }, 90_000)
})

describe('requests', () => {
  test.each([
    ['a path with half a character', 'GET /\\1%ff HTTP/1.1'],
    ['a path that is badly written', 'GET /%zz HTTP/1.1'],
    ['a path of another machine', 'GET //elsewhere/v1/ledger HTTP/1.1'],
    ['a path that goes up', 'GET /v1/../v1/tokens HTTP/1.1'],
    ['an address of another machine', 'GET http://elsewhere/v1/tokens HTTP/1.1'],
    ['a method of nobody', 'TRACE /v1/ledger HTTP/1.1'],
    ['a version of nobody', 'GET /v1/ledger HTTP/3.7'],
    ['a path without an end', `GET /${'a'.repeat(20_000)} HTTP/1.1`],
  ])('%s is refused', async (_, line) => {
    using one = new Attacker(port)
    expect(await one.ask([line])).toMatch(/^HTTP\/1\.1 (400|401|403|404|405|414|431|505) /)
  })

  test('a compressed bomb is a body that is no JSON', async () => {
    const bomb = gzipSync(new Uint8Array(100 * 1024 ** 2))
    await under('compressed body', async () => {
      const reply = await fetch(`${world.collector.url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: bomb,
      })
      expect(reply.status).toBe(400)
    })
  })

  test('a flood of requests is cut off by its address, and closes its connections', async () => {
    await under('flood of requests', async () => {
      const request = ['GET /v1/ledger HTTP/1.1', 'authorization: Bearer yb1a_nobody']
      const attackers: Attacker[] = []
      // In rounds: so many connections of an address that have not spoken yet are closed unheard.
      for (let round = 0; round < 8 * SCALE; round += 1) {
        const some = many(PER_ADDRESS / 2, ['127.0.0.7'])
        await Promise.all(some.map((one) => one.ask(request)))
        attackers.push(...some)
      }
      const refused = attackers.filter(({ statusLine }) => statusLine.includes(' 429 '))
      expect(refused.length).toBeGreaterThan(0)
      await closed(refused, 2 * WAIT_MS)
      for (const one of attackers) one[Symbol.dispose]()
    })
  }, 60_000)
})

describe('cards that cannot be', () => {
  const told = (cards: number) => encodeRecord({ kind: 'facts', facts: factsOf(cards) })

  test('more on a node than the wire takes are refused in their record, and shown', async () => {
    using liar = new RawNode(world.collector.url)
    await liar.enroll(enrollment)
    liar.sendBytes([told(UNITS_PER_NODE_MAX + 1)])
    expect(await liar.next()).toMatchObject({
      kind: 'ack',
      ack: { watermark: 1, refused: [{ seq: 1, code: expect.stringMatching(/^record_/) }] },
    })
    const { body } = await world.collector.get('/v1/quality')
    expect(body.refused.rows).toMatchObject([{ code: expect.stringMatching(/^record_/) }])
  })

  test('10,000 on a node do not fit a frame: the connection that brought them ends', async () => {
    using liar = new RawNode(world.collector.url)
    await liar.enroll(enrollment)
    liar.sendBytes([told(10_000)])
    expect((await liar.closed()).code).toBe(1009)
    await acknowledged()
  })
})

describe('what was stolen', () => {
  test('a handshake that was recorded is worth nothing the second time', async () => {
    using victim = new RawNode(world.collector.url)
    const sent: Uint8Array[] = []
    victim.onSend = (bytes) => sent.push(bytes)
    await victim.enroll(enrollment)
    victim.onSend = null
    expect(sent).toHaveLength(2)
    using thief = new RawNode(world.collector.url)
    await thief.connect()
    for (const bytes of sent) {
      thief.sendFrame(bytes)
      if (bytes === sent[0]) expect(await thief.next()).toMatchObject({ kind: 'challenge' })
    }
    expect(await thief.next()).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'signature_invalid' },
    })
    victim.send([{ kind: 'goodbye', goodbye: { atMs: Date.now(), reason: 'stop' } }])
    expect(await victim.next()).toMatchObject({ kind: 'ack' })
  })

  test.each([
    ['from an address that it is not for', ['--from', '10.20.0.0/16'], false, 'token_address'],
    ['after it was revoked', [], true, 'token_revoked'],
  ])('an enrollment token %s admits nobody', async (_, options, isRevoked, code) => {
    const args = ['token', 'create', '--site', 'TEST-01', ...options]
    const token = tokenIn(await world.collector.say(args))
    if (isRevoked) await world.collector.say(['token', 'revoke', parseEnrollmentToken(token).id])
    using thief = new RawNode(world.collector.url)
    await thief.connect()
    expect(await thief.join({ token })).toMatchObject({ kind: 'refusal', refusal: { code } })
  })

  test('an access token is worth nothing from its revocation on', async () => {
    const token = tokenIn(await world.collector.say(['token', 'create', '--role', 'regulator']))
    const headers = { authorization: `Bearer ${token}` }
    const ask = () => fetch(`${world.collector.url}/v1/ledger`, { headers })
    expect((await ask()).status).toBe(200)
    await world.collector.say(['token', 'revoke', parseAccessToken(token).id])
    const refused = await ask()
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ code: 'token_revoked' })
  })
})

test('after all of it the collector takes links, answers, and says what it has turned away', async () => {
  using late = new RawNode(world.collector.url)
  await late.enroll(enrollment)
  late.sendFrame(
    encodeToCollector({
      kind: 'heartbeat',
      heartbeat: { samples: 1, freeUnits: new Uint8Array() },
    }),
  )
  const { body } = await world.collector.get('/metrics')
  expect(body).toMatch(
    /yiben_links_ended_total\{phase="admission",code="handshake_timeout"\} [1-9]/,
  )
  expect(world.collector.program.lines(/"level":"error"/)).toEqual([])
})
