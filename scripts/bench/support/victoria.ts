/**
 * VictoriaMetrics taking the same facts by remote write, as a process of its own. Bodies are encoded
 * before the clock runs, in the order in which a fleet would send them: minute by minute, one sample
 * for each series of a node's cards.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Tick } from '@yiben/shared'
import { Writer } from 'protobufjs/minimal.js'
import { Activity, CARDS, MINUTE_MS } from './activity.ts'
import { until } from './program.ts'

const EXECUTABLE = '/usr/bin/victoria-metrics'
const START_MS_MAX = 30_000
const SENDERS = 8
const SAMPLES_PER_REQUEST = 5_000
const LITERAL_OF_FOUR_LENGTH_BYTES = 0xfc

/** `null`, or why it cannot be measured here, with what helps. */
export function victoriaMissing(): string | null {
  if (existsSync(EXECUTABLE)) return null
  return `${EXECUTABLE} is not there: apt-get install victoria-metrics`
}

/** What a tick tells of a card, as the series that a monitoring system keeps; fewer than we keep. */
const SERIES: Readonly<Record<string, (unit: Tick['units'][number]) => number>> = {
  accelerator_utilization_sum: (unit) => unit.utilizationSumPermille ?? 0,
  accelerator_utilization_max: (unit) => unit.utilizationMaxPermille ?? 0,
  accelerator_active_ms: (unit) => unit.activeMs,
  accelerator_given_ms: (unit) => unit.givenMs,
  accelerator_state: (unit) => unit.runs.at(-1)?.code ?? 0,
  accelerator_state_ms: (unit) => unit.runs.at(-1)?.durationMs ?? 0,
  accelerator_samples: (unit) => unit.samplesGot,
  accelerator_memory_used_mib: (unit) => unit.memoryUsedMibMax ?? 0,
  accelerator_energy_joules: (unit) => unit.energyJoules ?? 0,
  accelerator_temperature_celsius: (unit) => unit.temperatureCelsiusMax ?? 0,
}
export const SERIES_PER_CARD: number = Object.keys(SERIES).length

export interface VictoriaRun {
  readonly samples: number
  readonly requests: number
  readonly tookS: number
  readonly cardMinutesPerS: number
}

export async function victoriaRun(options: {
  readonly folder: string
  readonly nodes: number
  readonly minutes: number
}): Promise<VictoriaRun> {
  const { folder, nodes, minutes } = options
  const bodies = bodiesOf(nodes, minutes)
  const port = 18_428
  const server = spawn(EXECUTABLE, [
    `-storageDataPath=${join(folder, 'victoria')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=10y',
    '-loggerLevel=ERROR',
  ])
  try {
    const url = `http://127.0.0.1:${port}`
    await until('VictoriaMetrics to serve', START_MS_MAX, () => answers(`${url}/health`, server))
    const startMs = performance.now()
    let next = 0
    const send = async () => {
      for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
        await write(url, body)
      }
    }
    await Promise.all(Array.from({ length: SENDERS }, send))
    const tookS = (performance.now() - startMs) / 1_000
    const cardMinutes = nodes * minutes * CARDS
    return {
      samples: cardMinutes * SERIES_PER_CARD,
      requests: bodies.length,
      tookS,
      cardMinutesPerS: cardMinutes / tookS,
    }
  } finally {
    server.kill('SIGKILL')
    await delay(100)
  }
}

async function answers(url: string, server: ChildProcess): Promise<true | null> {
  if (server.exitCode !== null) throw new Error('VictoriaMetrics has ended')
  try {
    return (await fetch(url)).ok ? true : null
  } catch {
    return null
  }
}

async function write(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body,
  })
  if (!response.ok) throw new Error(`VictoriaMetrics: ${response.status} ${await response.text()}`)
}

function bodiesOf(nodes: number, minutes: number): readonly Uint8Array<ArrayBuffer>[] {
  const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS
  const activities = Array.from(
    { length: nodes },
    (_, seed) => new Activity({ shape: 'mixed', seed, startMs }),
  )
  const bodies: Uint8Array<ArrayBuffer>[] = []
  let writer = Writer.create()
  let samples = 0
  const finish = () => {
    if (samples > 0) bodies.push(snappyOf(writer.finish()))
    writer = Writer.create()
    samples = 0
  }
  for (let minute = 0; minute < minutes; minute += 1) {
    for (const [node, activity] of activities.entries()) {
      const tick = activity.next()
      for (const unit of tick.units) {
        for (const [name, figureOf] of Object.entries(SERIES)) {
          const labels = labelsOf(name, node, unit.index)
          writeSeries(writer, labels, figureOf(unit), tick.startMs + tick.spanMs)
          samples += 1
        }
      }
      if (samples >= SAMPLES_PER_REQUEST) finish()
    }
  }
  finish()
  return bodies
}

/**
 * A snappy block of one literal (format_description.txt of google/snappy): reading it costs a copy,
 * less than undoing real compression would.
 */
function snappyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = Writer.create().uint32(bytes.length).finish()
  const literal = Buffer.alloc(5, LITERAL_OF_FOUR_LENGTH_BYTES)
  literal.writeUInt32LE(bytes.length - 1, 1)
  return new Uint8Array(Buffer.concat([head, literal, bytes]))
}

function labelsOf(name: string, node: number, card: number): readonly [string, string][] {
  return [
    ['__name__', name],
    ['card', `GPU-${node}-${card}`],
    ['model', 'NVIDIA H800'],
    ['node', `n-${node}`],
    ['site', 'BENCH-01'],
  ]
}

/** `WriteRequest.timeseries`: labels and one sample (prometheus/prompb/remote.proto, types.proto). */
function writeSeries(
  writer: Writer,
  labels: readonly [string, string][],
  value: number,
  atMs: number,
): void {
  writer.uint32(10).fork()
  for (const [name, text] of labels) {
    writer.uint32(10).fork().uint32(10).string(name).uint32(18).string(text).ldelim()
  }
  writer.uint32(18).fork().uint32(9).double(value).uint32(16).int64(atMs).ldelim()
  writer.ldelim()
}
