import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentConfig, ConfigSources } from '../../agent/src/config.ts'
import { loadConfig, optionTable } from '../../agent/src/config.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'yiben-config-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function load(yaml: string, sources: Partial<ConfigSources> = {}): AgentConfig {
  const file = join(folder, 'agent.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, environment: {}, ...sources })
}

function refusal(run: () => unknown): AppError {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('the configuration was not refused')
}

const NIGHTS = `
  time_zone: Asia/Shanghai
  weekly:
    - days: [mon, tue]
      from: "22:00"
      to: "06:00"
  holidays: [2026-10-02]
  workdays: [2026-10-10]
  exceptions:
    - date: 2026-10-01
      windows: []
`
const NIGHTS_READ = {
  timeZone: 'Asia/Shanghai',
  weekly: [{ days: ['mon', 'tue'], fromMinute: 1320, toMinute: 360 }],
  holidays: ['2026-10-02'],
  workdays: ['2026-10-10'],
  exceptions: [{ date: '2026-10-01', windows: [] }],
}

/** 400 dates, three windows each: 43 KiB in all. */
const MANY_EXCEPTIONS = Array.from({ length: 400 }, (_none, day) => {
  const date = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10)
  const windows =
    '{ from: "01:00", to: "02:00" }, { from: "11:00", to: "12:00" }, { from: "21:00", to: "22:00" }'
  return `{ date: ${date}, windows: [${windows}] }`
}).join(', ')

describe('what is read', () => {
  test('defaults, without a file: no consent, no owner', () => {
    const config = loadConfig({ file: null, environment: {} })
    expect(config).toMatchObject({
      collector: { url: null, caFile: null, proxyUrl: null },
      samplePeriodMs: 10_000,
      tickMs: 60_000,
      heartbeatMs: 10_000,
      owner: { kind: 'unstated' },
      deposit: { enabled: false, calendar: null, minFreeMs: 900_000 },
      probes: { only: null, skip: [], rootPrefix: '' },
      spool: { bytesMax: 64 * 1024 * 1024, ageMsMax: 604_800_000, retainMs: 172_800_000 },
    })
  })

  test('an empty file and an empty section state nothing', () => {
    const defaults = loadConfig({ file: null, environment: {} })
    expect(load('')).toEqual(defaults)
    expect(load('# nothing yet\n')).toEqual(defaults)
    expect(load('deposit:\n')).toEqual(defaults)
  })

  test('a whole file, in base units', () => {
    const config = load(`
collector: { url: "wss://ledger.example:7480", ca_file: /etc/yiben/ca.pem, proxy_url: "http://proxy:3128" }
state_dir: /data/yiben
sample_period: 1s
tick: 1min
owner:
  kind: contract
  to_bank: true
  calendar: ${NIGHTS.replaceAll('\n', '\n  ')}
deposit: { enabled: true, calendar: always, keep_cards_per_node: 2, min_free: 30min, max_lease: 8h }
probes: { only: [nvidia, ascend], tool_path: [/opt/tools], root_prefix: /fake }
spool: { size_max: 128MiB }
baselines:
  - { vendor: metax, name: MetaX C500, memory_total_mib: 65536, driver_version: "3.0", idle_memory_mib: 1758 }
`)
    expect(config).toMatchObject({
      collector: { url: 'wss://ledger.example:7480', caFile: '/etc/yiben/ca.pem' },
      stateDir: '/data/yiben',
      samplePeriodMs: 1000,
      tickMs: 60_000,
      owner: { kind: 'contract', toBank: true, calendar: NIGHTS_READ },
      deposit: { enabled: true, keepCardsPerNode: 2, minFreeMs: 1_800_000, maxLeaseMs: 28_800_000 },
      probes: { only: ['nvidia', 'ascend'], toolPath: ['/opt/tools'], rootPrefix: '/fake' },
      spool: { bytesMax: 128 * 1024 * 1024 },
      baselines: [
        {
          vendor: 'metax',
          kind: 'card',
          driverVersion: '3.0',
          idleMemoryBytesMax: 1758 * 1024 ** 2,
          idlePowerWattsMax: null,
        },
      ],
    })
    expect(config.deposit.calendar?.weekly).toEqual([
      { days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], fromMinute: 0, toMinute: 1440 },
    ])
  })

  test('a calendar without a zone is one of China', () => {
    const config = load('deposit: { calendar: { weekly: [] } }')
    expect(config.deposit.calendar).toMatchObject({ timeZone: 'Asia/Shanghai', holidays: [] })
  })

  test('the environment is stronger than the file, a flag stronger than both', () => {
    const environment = {
      YIBEN_AGENT_SAMPLE_PERIOD: '2s',
      YIBEN_AGENT_TICK: '30s',
      YIBEN_AGENT_DEPOSIT_KEEP_CARDS_PER_NODE: '3',
      YIBEN_AGENT_PROBES_SKIP: '[hygon]',
      YIBEN_COLLECTOR_SOMETHING: 'of another program',
    }
    const config = load('sample_period: 5s\ntick: 60s\nheartbeat: 5s', {
      environment,
      flags: { tick: '20s', state_dir: './here', log_level: undefined },
    })
    expect(config).toMatchObject({
      samplePeriodMs: 2000,
      tickMs: 20_000,
      heartbeatMs: 5000,
      stateDir: './here',
      deposit: { keepCardsPerNode: 3 },
      probes: { skip: ['hygon'] },
    })
  })

  test('is frozen, all the way down', () => {
    const config = load(`deposit:\n  calendar: ${NIGHTS.replaceAll('\n', '\n  ')}`)
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.deposit.calendar?.weekly[0])).toBe(true)
    expect(Object.keys(config).toSorted()).toEqual([
      'baselines',
      'collector',
      'deposit',
      'handover',
      'heartbeatMs',
      'logLevel',
      'owner',
      'probes',
      'runDir',
      'samplePeriodMs',
      'spool',
      'stateDir',
      'tickMs',
    ])
  })
})

describe('what is refused, with the name of the option', () => {
  const calendar = (lines: string) => `deposit:\n  calendar: { ${lines} }`
  test.each<[string, string, string]>([
    [
      'an unknown key',
      'sample_perod: 10s',
      'sample_perod is not an option (did you mean "sample_period"?)',
    ],
    [
      'an unknown key in a section',
      'deposit: { enable: true }',
      'deposit.enable is not an option (did you mean "deposit.enabled"?)',
    ],
    ['a key like nothing we know', 'xyzzyxyzzy: 1', 'xyzzyxyzzy is not an option.'],
    ['a section that is none', 'deposit: yes', 'deposit is not a mapping of options'],
    [
      'a duration without a unit',
      'sample_period: 10',
      'sample_period is 10 without a unit; write it like 10s',
    ],
    ['a size for a duration', 'sample_period: 10MiB', 'sample_period has the unit "MiB"'],
    ['an ambiguous minute', 'tick: 1m', 'tick has the unit "m"; a duration is in ms, s, min, h, d'],
    ['less than a second', 'sample_period: 500ms', 'sample_period is 500ms, outside 1s to 60s'],
    ['more than a minute', 'sample_period: 2min', 'sample_period is 2min, outside 1s to 60s'],
    ['a negative duration', 'tick: -5s', 'tick is not a duration'],
    ['a duration for a size', 'spool: { size_max: 7d }', 'spool.size_max has the unit "d"'],
    [
      'a negative count',
      'deposit: { keep_cards_per_node: -1 }',
      'deposit.keep_cards_per_node is not a whole number',
    ],
    [
      'a text for a switch',
      'deposit: { enabled: "yes" }',
      'deposit.enabled is neither true nor false',
    ],
    ['a value left out', 'sample_period:', 'sample_period is not a duration'],
    [
      'an unknown vendor',
      'probes: { only: [nvidai] }',
      'probes.only[0] is "nvidai" (did you mean "nvidia"?)',
    ],
    ['an unknown owner', 'owner: { kind: nobody }', 'owner.kind is "nobody"'],
    [
      'an unknown scheme',
      'collector: { url: "ftp://x" }',
      'collector.url is not a URL of the scheme wss',
    ],
    [
      'an unknown time zone',
      calendar('time_zone: Asia/Peking, weekly: []'),
      'deposit.calendar.time_zone is not an IANA time zone',
    ],
    [
      'an unknown weekday',
      calendar('time_zone: UTC, weekly: [{days: [monday], from: "00:00", to: "24:00"}]'),
      'deposit.calendar.weekly[0].days[0] is "monday" (did you mean "mon"?)',
    ],
    [
      'a time of day without minutes',
      calendar('time_zone: UTC, weekly: [{days: [mon], from: 22, to: "24:00"}]'),
      'deposit.calendar.weekly[0].from is not a time of day',
    ],
    [
      'a window from 24:00',
      calendar('time_zone: UTC, weekly: [{days: [mon], from: "24:00", to: "06:00"}]'),
      'deposit.calendar.weekly[0].from is not a time of day',
    ],
    [
      'a key a calendar does not have',
      calendar('timezone: UTC, time_zone: UTC, weekly: []'),
      'deposit.calendar has the unknown key "timezone" (did you mean "time_zone"?)',
    ],
    [
      'a date that does not exist',
      calendar('time_zone: UTC, weekly: [], exceptions: [{date: 2026-02-30, windows: []}]'),
      'deposit.calendar.exceptions[0].date is not a date',
    ],
    [
      'a date in two lists',
      calendar('weekly: [], holidays: [2026-10-01], workdays: [2026-10-01]'),
      'deposit.calendar names 2026-10-01 twice',
    ],
    [
      'a calendar longer than a record may carry',
      calendar(`weekly: [], exceptions: [${MANY_EXCEPTIONS}]`),
      'deposit.calendar takes',
    ],
    [
      'a calendar in a word',
      'deposit: { calendar: sometimes }',
      'deposit.calendar is neither "always" nor a calendar',
    ],
    ['a key twice', 'tick: 10s\ntick: 20s', 'is not YAML'],
    ['a list for a file', '- tick', 'is not a mapping of options'],
  ])('%s', (_name, yaml, words) => {
    const error = refusal(() => load(yaml))
    expect(error.code).toBe('config_invalid')
    expect(error.message).toContain(words)
  })

  test.each<[string, string, string]>([
    ['a contract without a calendar', 'owner: { kind: contract }', 'owner.calendar must say'],
    [
      'a calendar without a contract',
      'owner: { kind: none, calendar: always }',
      'owner.calendar is for',
    ],
    [
      'a deposit without an owner',
      'deposit: { enabled: true, calendar: always }',
      'deposit.enabled needs owner.kind',
    ],
    [
      'a deposit without a calendar',
      'owner: { kind: none }\ndeposit: { enabled: true }',
      'deposit.enabled needs deposit.calendar',
    ],
    [
      'a tick shorter than the period',
      'tick: 5s\nsample_period: 10s',
      'tick is shorter than sample_period',
    ],
    ['a vendor read and skipped', 'probes: { only: [amd], skip: [amd] }', 'both name amd'],
  ])('options that contradict each other: %s', (_name, yaml, words) => {
    const error = refusal(() => load(yaml))
    expect(error.code).toBe('config_invalid')
    expect(error.message).toContain(words)
  })

  test('all mistakes at once', () => {
    const error = refusal(() => load('tick: 5\nheartbeat: 5\nnothing: 1'))
    expect(error.fields).toMatchObject({ problems: { length: 3 } })
  })

  test('but not what the command line reads for itself', () => {
    const environment = { YIBEN_AGENT_CONFIG: '/etc/yiben/agent.yaml', YIBEN_AGENT_TOKEN: 'yb1_x' }
    expect(load('tick: 30s', { environment }).tickMs).toBe(30_000)
  })

  test('unknown variables and flags of the agent', () => {
    const environment = { YIBEN_AGENT_TICKS: '5s' }
    expect(refusal(() => load('', { environment })).message).toContain(
      'YIBEN_AGENT_TICKS is not an option (did you mean "YIBEN_AGENT_TICK"?)',
    )
    expect(refusal(() => load('', { flags: { ticks: '5s' } })).message).toContain('ticks is not an')
  })

  test('a file that is not there', () => {
    const file = join(folder, 'missing.yaml')
    const error = refusal(() => loadConfig({ file, environment: {} }))
    expect(error.code).toBe('config_unreadable')
    expect(error.message).toContain(file)
  })

  test('a file too large to be one', () => {
    const error = refusal(() => load(`# ${'x'.repeat(1024 * 1024)}`))
    expect(error.code).toBe('config_unreadable')
  })
})

describe('the table of options', () => {
  test('names every option once, with all its words', () => {
    const table = optionTable()
    expect(new Set(table.map((option) => option.name)).size).toBe(table.length)
    for (const option of table) {
      expect(option.environment).toMatch(/^YIBEN_AGENT_[A-Z_]+$/)
      expect(option.sentence).toMatch(/^[A-Z].*\.$/)
      for (const word of [option.unit, option.default, option.range]) expect(word).not.toBe('')
    }
  })

  test('prints defaults that mean what they say', () => {
    const quantities = optionTable().filter(({ unit }) => unit === 'duration' || unit === 'size')
    expect(quantities.length).toBeGreaterThan(5)
    const flags = Object.fromEntries(quantities.map(({ name, default: text }) => [name, text]))
    expect(loadConfig({ file: null, environment: {}, flags })).toEqual(
      loadConfig({ file: null, environment: {} }),
    )
  })

  test('marks the proxy, which may carry a password, as a secret', () => {
    expect(
      optionTable()
        .filter((option) => option.secret)
        .map((option) => option.name),
    ).toEqual(['collector.proxy_url'])
  })
})
