/** Tokens, configuration files, calendars and addresses: what people and their machines write. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  calendarOf,
  calendarText,
  creditCodeOf,
  divisionCodeOf,
  formatAccessToken,
  formatEnrollmentToken,
  HOUR_MS,
  isInside,
  nextEdgeMs,
  parseAccessToken,
  parseEnrollmentToken,
  resourceCode,
  resourceOf,
} from '@yiben/shared'
import { expect, test, vi } from 'vitest'
import { loadConfig as loadAgentConfig } from '../../agent/src/config.ts'
import { loadConfig as loadCollectorConfig } from '../../collector/src/config.ts'
import { tempDir } from '../support/temp-dir.ts'
import { fuzz } from './fuzzer.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
const AT_MS = 1_772_352_000_000 + HOUR_MS
const bytesOf = (words: readonly string[]) => words.map((word) => Buffer.from(word))

/** The value, or `null` where it was refused as it should be: by an `AppError` with a sentence. */
function refusedOr<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof AppError) || error.message === '') throw error
    return null
  }
}

test('tokens', async () => {
  const enrollment = {
    id: '0011223344556677',
    secret: new Uint8Array(16).fill(9),
    algorithm: 1,
    collectorKey: 'ab'.repeat(32),
  }
  const access = { id: '0011223344556677', secret: new Uint8Array(24).fill(9) }
  await fuzz({
    name: 'tokens',
    seeds: bytesOf([formatEnrollmentToken(enrollment), formatAccessToken(access)]),
    rounds: 4_000,
    run: (bytes) => {
      const token = text(bytes)
      const enrolls = refusedOr(() => parseEnrollmentToken(token))
      if (enrolls !== null) {
        expect(parseEnrollmentToken(formatEnrollmentToken(enrolls))).toEqual(enrolls)
      }
      const opens = refusedOr(() => parseAccessToken(token))
      if (opens !== null) expect(formatAccessToken(opens)).toBe(token)
    },
  })
})

test('codes', async () => {
  const window = { fromMinute: 1_320, toMinute: 360 }
  const calendar = calendarText({
    timeZone: 'Asia/Shanghai',
    weekly: [{ days: ['mon', 'tue'], ...window }],
    holidays: ['2026-10-01'],
    workdays: ['2026-10-10'],
    exceptions: [{ date: '2026-12-31', windows: [window] }],
  })
  const seeds = ['91110000MA01OPER11', '110108', resourceCode('node', 12), calendar]
  await fuzz({
    name: 'codes',
    seeds: bytesOf(seeds),
    rounds: 2_000,
    run: (bytes) => {
      const code = text(bytes)
      expect([null, code]).toContain(creditCodeOf(code))
      divisionCodeOf(code)
      const resource = resourceOf(code)
      if (resource !== null)
        expect(resourceOf(resourceCode(resource.kind, resource.number))).toEqual(resource)
      const known = calendarOf(code)
      if (known === null) return
      expect(calendarOf(calendarText(known))).toEqual(known)
      isInside(known, AT_MS)
      expect(nextEdgeMs(known, AT_MS) ?? AT_MS + 1).toBeGreaterThan(AT_MS)
    },
  })
})

const AGENT_YAML = `collector: { url: 'wss://collector.example:7480', ca_file: /etc/yiben/ca.pem, retry_max: 1min }
state_dir: /var/lib/yiben
sample_period: 10s
tick: 60s
owner: { kind: slurm, slurm: { file: /shared/site.json, bank_account: [bank], node_name: n1 } }
deposit:
  enabled: true
  calendar:
    time_zone: Asia/Shanghai
    weekly: [{ days: [mon, tue], from: '20:00', to: '08:00' }]
    exceptions: [{ date: 2026-10-01, windows: [] }]
  keep_cards_per_node: 1
  min_free: 15min
probes: { skip: [nvidia], tool_path: [/usr/local/bin] }
spool: { size_max: 64MiB, age_max: 7d }
`
const COLLECTOR_YAML = `data_dir: /var/lib/yiben
host: 127.0.0.1
port: 7480
timezone: Asia/Shanghai
limits: { connections: 20000, requests_per_minute: 600 }
intervals: { rollup: 30s, deposit: 1s }
journal: { witnesses: 'a+b, c+d' }
seal_delay: 2h
login: { second_factor: required }
`

test('configuration', async () => {
  const file = join(tempDir(), 'fuzz.yaml')
  // The YAML reader says by it what it makes of odd keys.
  vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
  await fuzz({
    name: 'configuration',
    seeds: bytesOf([AGENT_YAML, COLLECTOR_YAML, 'a: &a [*a, *a]\n', '? [1, 2]\n: 3\n']),
    rounds: 1_000,
    run: (bytes) => {
      writeFileSync(file, bytes)
      const agent = refusedOr(() => loadAgentConfig({ file, environment: {}, flags: {} }))
      if (agent !== null) expect(Object.isFrozen(agent.deposit)).toBe(true)
      const collector = refusedOr(() => loadCollectorConfig({ file, env: {}, flags: {} }))
      if (collector !== null) expect(Object.getPrototypeOf(collector)).toBe(Object.prototype)
    },
  })
})
