/**
 * The second way: one long-lived `nvidia-smi --query-gpu=… -l` child, so that the driver is opened
 * once and not at every sample. A watchdog ends a child that falls silent. Fields every driver
 * knows stand in that query; others (`mig.*`, `ecc.*`) are asked apart, because one unknown name
 * fails a whole query. Slices are not in CSV: a node with MIG on is read another way.
 */
import type { Clock, Timer } from '@yiben/shared'
import { isFailure } from '../card.ts'
import { splitCells } from '../formats/csv.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import { readWord } from '../formats/text.ts'
import {
  PROBE_DEADLINE_MS,
  type ProbeFailure,
  TOOL_OUTPUT_BYTES_MAX,
  type ToolRunner,
  type ToolStream,
} from '../probe.ts'
import { nvidiaHeader } from './csv-columns.ts'
import type { NvidiaDevice } from './devices.ts'
import { nvidiaErrors } from './error-texts.ts'
import { deviceOfRow, parseNvidiaCsv, readComputeApps } from './parse-csv.ts'
import { isShimRow, SHIM_SENTENCE, withoutShim } from './ppu-shim.ts'
import { toolFailure, unitProblems } from './tool-failures.ts'
import { failed, type NvidiaWay, type WayReading } from './way.ts'

const CORE_FIELDS = [
  'index',
  'uuid',
  'pci.bus_id',
  'name',
  'driver_version',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'utilization.memory',
  'power.draw',
  'power.limit',
  'temperature.gpu',
] as const
/** Asked apart; a group a driver does not know is not asked again until the next inventory. */
const OPTIONAL_GROUPS: readonly (readonly string[])[] = [
  ['mig.mode.current'],
  ['ecc.errors.uncorrected.volatile.total'],
  ['retired_pages.pending'],
  ['remapped_rows.pending', 'remapped_rows.failure'],
  ['gpu_recovery_action'],
]
const PROCESS_FIELDS = ['gpu_uuid', 'pci.bus_id', 'pid', 'process_name', 'used_gpu_memory'] as const

/** The child prints this often at most, and at least twice between two samples. */
const STREAM_SECONDS_MAX = 5
/** Silent for so long: the child hangs. Three rounds, and what a busy node may add. */
const STREAM_SILENCE_MS = 20_000
/** A card that was not printed in the last two rounds has no reading any more. */
const ROW_ROUNDS_MAX = 2
/** What a busy node may add to a round. */
const ROW_SLACK_MS = 1_000
/** The rows of one round follow each other at once; after this pause the round is complete. */
const ROUND_PAUSE_MS = 200
/** A sample waits so long for the first rows of a new child. */
const FIRST_ROWS_MS = 12_000
/** Optional facts change by faults, which do not go away by themselves: once a minute is enough. */
const OPTIONAL_EVERY_MS = 60_000
const ROWS_MAX = 64
/**
 * Per 10 s: 16 cards print 4 kB; a round a second of as many cards as are taken, and as many lines of
 * what is wrong.
 */
const STREAM_LIMITS = {
  lineBytesMax: 16 * 1024,
  outputBytesMax: 1024 * 1024,
  linesMax: 10 * 2 * ROWS_MAX,
}
const FORMAT = '--format=csv,noheader,nounits'

export interface SmiStreamOptions {
  readonly exec: ToolRunner
  readonly clock: Clock
}

interface Rows {
  /** The last row of each card. */
  readonly byKey: Map<string, { readonly device: NvidiaDevice; readonly atMs: number }>
  driverVersion: string | null
  readonly problemTexts: Set<string>
}

export class SmiStreamWay implements NvidiaWay {
  readonly name = 'nvidia-smi'
  /** Children can be killed: this way is never lost. */
  readonly isHung = false
  readonly #exec: ToolRunner
  readonly #clock: Clock
  #stream: ToolStream | null = null
  #seconds = STREAM_SECONDS_MAX
  #sampledAtMs: number | null = null
  #watchdog: Timer | null = null
  #roundPause: Timer | null = null
  #columns: readonly (string | null)[] = CORE_FIELDS
  #rows: Rows = noRows()
  #endSentence: string | null = null
  #hasEndedItself = false
  #waiting: (() => void)[] = []
  #knownGroups: readonly (readonly string[])[] | null = null
  #optional: { readonly atMs: number; readonly byUuid: ReadonlyMap<string, NvidiaDevice> } | null =
    null

  constructor({ exec, clock }: SmiStreamOptions) {
    this.#exec = exec
    this.#clock = clock
  }

  /** One query instead of the stream: what the cards are, without slices. */
  async inventory(): Promise<WayReading | ProbeFailure> {
    this.#knownGroups = null
    this.#optional = null
    const core = await this.#query(CORE_FIELDS)
    if ('status' in core) return core
    const optional = await this.#optionalFacts()
    const devices = core.devices.map((device) => withOptional(device, optional))
    if (devices.some((device) => device.mig_enabled === true)) {
      return failed('tool_failed', 'Slices of a card with MIG on are not told by this query.')
    }
    const problems = unitProblems(nvidiaErrors(core.text))
    return { status: 'ok', driverVersion: core.driverVersion, devices, problems }
  }

  async sample(): Promise<WayReading | ProbeFailure> {
    this.#followCadence()
    const failure = await this.#awaitRows()
    if (failure !== null) return this.#hasEndedItself ? this.#readOnce(failure) : failure
    const { driverVersion, problemTexts } = this.#rows
    const rows = this.#freshRows()
    const optional = await this.#optionalFacts()
    const processes = await this.#processes()
    const devices = rows.map(({ device }) => ({
      ...withOptional(device, optional),
      processes: processesOf(device, processes),
    }))
    return {
      status: 'ok',
      driverVersion,
      devices,
      problems: unitProblems(nvidiaErrors([...problemTexts].join('\n'))),
      observedAtMs: Math.min(...rows.map((row) => row.atMs)),
    }
  }

  /** For a tool that refuses to go on printing: one query per sample. */
  async #readOnce(failure: ProbeFailure): Promise<WayReading | ProbeFailure> {
    const core = await this.#query(CORE_FIELDS)
    if ('status' in core) return failure
    const optional = await this.#optionalFacts()
    const processes = await this.#processes()
    return {
      status: 'ok',
      driverVersion: core.driverVersion,
      devices: core.devices.map((device) => ({
        ...withOptional(device, optional),
        processes: processesOf(device, processes),
      })),
      problems: unitProblems(nvidiaErrors(core.text)),
    }
  }

  async release(): Promise<void> {
    this.#end('released')
  }

  /** Readings must not be older than half the time between samples. */
  #followCadence(): void {
    const nowMs = this.#clock.monotonicMs()
    const sinceMs = this.#sampledAtMs === null ? null : nowMs - this.#sampledAtMs
    this.#sampledAtMs = nowMs
    if (sinceMs === null) return
    const seconds = Math.min(STREAM_SECONDS_MAX, Math.max(1, Math.floor(sinceMs / 2_000)))
    // A late sample does not make the child slower again: restarting costs more than it saves.
    if (seconds >= this.#seconds) return
    this.#seconds = seconds
    this.#end('nvidia-smi is started again to print more often.')
  }

  #freshRows() {
    const ageMsMax = ROW_ROUNDS_MAX * this.#seconds * 1_000 + ROW_SLACK_MS
    const oldestMs = this.#clock.monotonicMs() - ageMsMax
    return [...this.#rows.byKey.values()].filter((row) => row.atMs >= oldestMs)
  }

  /** Starts the child when there is none, and waits for its first rows. */
  async #awaitRows(): Promise<ProbeFailure | null> {
    const isNew = this.#stream === null
    if (isNew && !this.#start()) {
      return failed('tool_missing', 'nvidia-smi cannot be started.')
    }
    if (this.#freshRows().length > 0) return null
    if (isNew || this.#rows.byKey.size === 0) await this.#firstRound()
    if (this.#freshRows().length > 0) return null
    const [error] = nvidiaErrors([...this.#rows.problemTexts].join('\n'))
    const sentence = this.#endSentence ?? 'nvidia-smi has stopped printing rows that can be read.'
    this.#end(sentence)
    if (sentence === SHIM_SENTENCE) return failed('tool_wrong_vendor', sentence)
    return error === undefined ? failed('tool_failed', sentence) : toolFailure(error)
  }

  #firstRound(): Promise<void> {
    if (this.#stream === null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.after(FIRST_ROWS_MS, resolve)
      this.#waiting.push(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #start(): boolean {
    const args = [`--query-gpu=${CORE_FIELDS.join(',')}`, FORMAT, '-l', `${this.#seconds}`]
    const stream = this.#exec.stream({ tool: 'nvidia-smi', args, ...STREAM_LIMITS })
    if (stream === null) return false
    this.#stream = stream
    this.#columns = CORE_FIELDS
    this.#rows = noRows()
    this.#endSentence = null
    this.#hasEndedItself = false
    stream.onLine((line) => {
      if (this.#stream === stream) this.#noteLine(line)
    })
    // A tool that prints one round and ends is started again at the next sample.
    stream.onEnd((sentence) => {
      if (this.#stream !== stream) return
      this.#hasEndedItself = true
      this.#forget(sentence)
    })
    this.#feedWatchdog()
    return true
  }

  #noteLine(line: string): void {
    if (line.trim() === '') return
    this.#feedWatchdog()
    const cells = splitCells(line)
    const header = nvidiaHeader(cells)
    if (header !== null) {
      this.#columns = header
      return
    }
    const device = deviceOfRow(this.#columns, cells, this.#rows.byKey.size)
    const key = device?.uuid ?? device?.pci_bdf ?? null
    const isShim = isShimRow(line, device)
    if (isShim) this.#end(SHIM_SENTENCE)
    if (isShim || device === null || key === null) {
      if (nvidiaErrors(line).length > 0 && this.#rows.problemTexts.size < ROWS_MAX) {
        this.#rows.problemTexts.add(line.trim())
      }
      return
    }
    if (this.#rows.byKey.size >= ROWS_MAX && !this.#rows.byKey.has(key)) return
    this.#rows.byKey.set(key, { device, atMs: this.#clock.monotonicMs() })
    const at = this.#columns.indexOf('driver_version')
    this.#rows.driverVersion = at < 0 ? null : readWord(cells[at])
    this.#roundPause?.cancel()
    this.#roundPause = this.#clock.after(ROUND_PAUSE_MS, () => this.#wake())
  }

  #feedWatchdog(): void {
    this.#watchdog?.cancel()
    this.#watchdog = this.#clock.after(STREAM_SILENCE_MS, () => {
      this.#end(`nvidia-smi has printed nothing for ${STREAM_SILENCE_MS} ms and was killed.`)
    })
  }

  #end(sentence: string): void {
    const stream = this.#stream
    if (stream === null) return
    this.#forget(sentence)
    this.#rows = noRows()
    stream.stop()
  }

  #forget(sentence: string): void {
    this.#watchdog?.cancel()
    this.#watchdog = null
    this.#roundPause?.cancel()
    this.#stream = null
    this.#endSentence = sentence
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  async #query(
    fields: readonly string[],
  ): Promise<
    ProbeFailure | { devices: readonly NvidiaDevice[]; driverVersion: string | null; text: string }
  > {
    const command = `--query-gpu=${fields.join(',')}`
    const result = await this.#exec.run({
      tool: 'nvidia-smi',
      args: [command, FORMAT],
      deadlineMs: PROBE_DEADLINE_MS,
      outputBytesMax: TOOL_OUTPUT_BYTES_MAX,
    })
    if (result.status !== 'exited') return toolFailure(result)
    const [error] = nvidiaErrors(result.stdout)
    const lines = result.stdout.split('\n').filter((line) => nvidiaErrors(line).length === 0)
    const reading = withoutShim(parseNvidiaCsv(lines, command))
    if (isFailure(reading)) {
      const { code, text, class: kind } = reading.failure
      return error === undefined || kind === 'wrong_tool' ? failed(code, text) : toolFailure(error)
    }
    if (reading.devices.length === 0) {
      return error === undefined
        ? failed('tool_failed', 'nvidia-smi lists no device.')
        : toolFailure(error)
    }
    return { devices: reading.devices, driverVersion: reading.driverVersion, text: result.stdout }
  }

  /** Facts of the groups this driver knows, at most a minute old, by UUID. */
  async #optionalFacts(): Promise<ReadonlyMap<string, NvidiaDevice>> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#optional !== null && nowMs - this.#optional.atMs < OPTIONAL_EVERY_MS) {
      return this.#optional.byUuid
    }
    const groups = this.#knownGroups ?? OPTIONAL_GROUPS
    let known = groups
    let reading = groups.length === 0 ? null : await this.#query(['uuid', ...groups.flat()])
    if (reading !== null && 'status' in reading && this.#knownGroups === null) {
      known = await this.#learnGroups()
      reading = known.length === 0 ? null : await this.#query(['uuid', ...known.flat()])
    }
    this.#knownGroups = known
    const byUuid = new Map<string, NvidiaDevice>()
    if (reading !== null && 'devices' in reading) {
      for (const device of reading.devices)
        if (device.uuid !== null) byUuid.set(device.uuid, device)
    }
    this.#optional = { atMs: nowMs, byUuid }
    return byUuid
  }

  async #learnGroups(): Promise<readonly (readonly string[])[]> {
    const known: (readonly string[])[] = []
    for (const group of OPTIONAL_GROUPS) {
      const reading = await this.#query(['uuid', ...group])
      if ('devices' in reading) known.push(group)
      // A hung tool answers no group: the next sample asks again.
      else if (reading.code === 'tool_timeout') return known
    }
    return known
  }

  /** By UUID of the card; `null` when the list could not be had, which is not an empty one. */
  async #processes(): Promise<ReadonlyMap<string, readonly SmiProcess[]> | null> {
    const command = `--query-compute-apps=${PROCESS_FIELDS.join(',')}`
    const result = await this.#exec.run({
      tool: 'nvidia-smi',
      args: [command, FORMAT],
      deadlineMs: PROBE_DEADLINE_MS,
      outputBytesMax: TOOL_OUTPUT_BYTES_MAX,
    })
    if (result.status !== 'exited' || result.exitCode !== 0) return null
    return readComputeApps(result.stdout, command)
  }
}

/** The list names cards by their ids: of one without an id it tells nothing. */
function processesOf(
  { uuid }: NvidiaDevice,
  listed: ReadonlyMap<string, readonly SmiProcess[]> | null,
): readonly SmiProcess[] | null {
  return listed === null || uuid === null ? null : (listed.get(uuid) ?? [])
}

function noRows(): Rows {
  return { byKey: new Map(), driverVersion: null, problemTexts: new Set() }
}

function withOptional(
  device: NvidiaDevice,
  optional: ReadonlyMap<string, NvidiaDevice>,
): NvidiaDevice {
  const facts = optional.get(device.uuid ?? '')
  if (facts === undefined) return device
  return {
    ...device,
    mig_enabled: facts.mig_enabled ?? null,
    ecc_uncorrected_volatile: facts.ecc_uncorrected_volatile ?? null,
    remapped_rows_pending: facts.remapped_rows_pending ?? null,
    remapped_rows_failure: facts.remapped_rows_failure ?? null,
    recovery_action: facts.recovery_action ?? null,
    health_words: [...(device.health_words ?? []), ...(facts.health_words ?? [])],
  }
}
