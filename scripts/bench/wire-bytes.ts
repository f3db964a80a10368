/**
 * Bytes per card-minute on the wire: an hour of an 8-card node through the real encoder, with
 * WebSocket headers, heartbeats, events, acks, and the ping that a quiet collector is asked with.
 * DESIGN 10: at most 30 steady, 60 when the state flips at every sample. Nothing is random but the
 * seed, so that the figure is the same on every machine.
 */
import {
  encodeRecord,
  encodeToCollector,
  encodeToNode,
  type Tick,
  type ToCollectorMessage,
} from '@yiben/shared'
import {
  Activity,
  CARDS,
  FIXED_START_MS,
  MINUTE_MS,
  SAMPLE_MS,
  type Shape,
} from './support/activity.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { readOptions } from './support/options.ts'

/** RFC 6455, 5.2: 2 bytes, 2 more from 126 bytes on, 4 of masking from a client. */
const HEADER_BYTES = 2
const LONG_HEADER_BYTES = 4
const LONG_FROM_BYTES = 126
const MASK_BYTES = 4
/** TLS 1.3: record header, inner type and authentication tag; each frame is a record of its own. */
const TLS_RECORD_BYTES = 5 + 1 + 16
/** A week into an epoch: numbers as long as they usually are. */
const FIRST_SEQ = 10_000
const HEARTBEATS_PER_MINUTE = 6
/** The collector says nothing between two acks: after 30 s of that the agent pings. */
const PINGS_PER_MINUTE = 1

const BARS: readonly { readonly shape: Shape; readonly bytes: number }[] = [
  { shape: 'free', bytes: 30 },
  { shape: 'busy', bytes: 30 },
  { shape: 'mixed', bytes: 30 },
  { shape: 'flipping', bytes: 60 },
]

const options = readOptions({
  script: 'wire-bytes.ts',
  sentence: 'Bytes per card-minute on the wire, everything above TCP included.',
  numbers: {
    minutes: { default: 60, min: 1, max: 100_000, sentence: 'minutes that are counted' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what the cards do' },
  },
  switches: {},
})

for (const { shape, bytes } of BARS) {
  const counted = countOf(shape)
  const total = Object.values(counted.bytes).reduce((sum, part) => sum + part, 0)
  const cardMinutes = options.minutes * CARDS
  const perCardMinute = (count: number) => rounded(count / cardMinutes)
  sayFigure({
    what: `bytes on the wire, 8 cards, ${shape}`,
    figure: perCardMinute(total),
    unit: 'B per card-minute',
    bar: { atMost: bytes },
    details: {
      minutes: options.minutes,
      parts: Object.fromEntries(
        Object.entries(counted.bytes).map(([part, count]) => [part, perCardMinute(count)]),
      ),
      with_tls: perCardMinute(total + counted.frames * TLS_RECORD_BYTES),
    },
  })
}

interface Counted {
  frames: number
  readonly bytes: {
    batches: number
    acks: number
    heartbeats: number
    events: number
    pings: number
  }
}

function countOf(shape: Shape): Counted {
  const counted: Counted = {
    frames: 0,
    bytes: { batches: 0, acks: 0, heartbeats: 0, events: 0, pings: 0 },
  }
  const activity = new Activity({ shape, seed: options.seed, startMs: FIXED_START_MS })
  for (let minute = 0; minute < options.minutes; minute += 1) {
    const tick = activity.next()
    countMinute(counted, tick, FIRST_SEQ + minute)
  }
  return counted
}

function countMinute(counted: Counted, tick: Tick, seq: number): void {
  const add = (part: keyof Counted['bytes'], payloadBytes: number, isMasked: boolean) => {
    const isLong = payloadBytes >= LONG_FROM_BYTES
    const header = (isLong ? LONG_HEADER_BYTES : HEADER_BYTES) + (isMasked ? MASK_BYTES : 0)
    counted.bytes[part] += payloadBytes + header
    counted.frames += 1
  }
  const send = (part: keyof Counted['bytes'], message: ToCollectorMessage) =>
    add(part, encodeToCollector(message).length, true)
  send('batches', {
    kind: 'batch',
    batch: {
      firstSeq: seq,
      previousHash: new Uint8Array(8).fill(seq),
      records: [encodeRecord({ kind: 'tick', tick })],
      lostCount: 0,
    },
  })
  const ack = {
    watermark: seq,
    refused: [],
    windowFrames: 0,
    windowBytes: 0,
    serverTimeMs: tick.startMs + MINUTE_MS,
  }
  add('acks', encodeToNode({ kind: 'ack', ack }).length, false)
  for (let beat = 0; beat < HEARTBEATS_PER_MINUTE; beat += 1) {
    const freeUnits = freeBitmap(tick, beat * SAMPLE_MS)
    send('heartbeats', { kind: 'heartbeat', heartbeat: { samples: 1, freeUnits } })
  }
  for (const { atMs, units } of leavings(tick)) {
    send('events', { kind: 'event', event: { kind: 'left_free', units, atMs } })
  }
  for (let ping = 0; ping < PINGS_PER_MINUTE; ping += 1) {
    add('pings', 0, true)
    add('pings', 0, false)
  }
}

function freeBitmap(tick: Tick, offsetMs: number): Uint8Array {
  let bits = 0
  for (const { index, runs } of tick.units) {
    let endMs = 0
    const current = runs.find((run) => {
      endMs += run.durationMs
      return offsetMs < endMs
    })
    if (current?.code === 1) bits |= 1 << index
  }
  return Uint8Array.of(bits)
}

/** Units that left `free` within the tick; those seen by one sample are told in one event. */
function leavings(tick: Tick): readonly { readonly atMs: number; readonly units: number[] }[] {
  const bySample = new Map<number, number[]>()
  for (const { index, runs } of tick.units) {
    let offsetMs = 0
    for (const [position, { code, durationMs }] of runs.entries()) {
      const wasFree = position > 0 && runs[position - 1]?.code === 1
      if (wasFree && code !== 1) {
        const sample = Math.round(offsetMs / SAMPLE_MS)
        bySample.set(sample, [...(bySample.get(sample) ?? []), index])
      }
      offsetMs += durationMs
    }
  }
  return [...bySample].map(([sample, units]) => ({
    atMs: tick.startMs + sample * SAMPLE_MS,
    units,
  }))
}
