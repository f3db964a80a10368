/** The configuration: what it takes, what it refuses, and by which name. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { durationMsOf } from '../../collector/src/config/option-kinds.ts'
import { loadConfig, optionTable } from '../../collector/src/config.ts'
import { tempDir } from '../support/temp-dir.ts'

function load(yaml: string | null, rest: { env?: object; flags?: object } = {}) {
  const file = yaml === null ? null : join(tempDir(), 'collector.yaml')
  if (file !== null && yaml !== null) writeFileSync(file, yaml)
  return loadConfig({ file, env: {}, flags: {}, ...rest } as Parameters<typeof loadConfig>[0])
}

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was taken')
}

test('without anything the defaults of the design hold', () => {
  expect(load(null)).toMatchObject({
    dataDir: './.yiben',
    host: '127.0.0.1',
    port: 7480,
    tls: null,
    timeZone: 'Asia/Shanghai',
    isDemo: false,
    sealDelayMs: 7_200_000,
    liveness: { suspendMs: 30_000, silentMs: 90_000 },
  })
})

test('the environment is stronger than the file, a flag stronger than both', () => {
  const yaml = 'port: 1000\ntimezone: UTC\nlog_level: warn\n'
  const env = { YIBEN_COLLECTOR_PORT: '2000', YIBEN_COLLECTOR_TIMEZONE: 'Asia/Tokyo', HOME: '/x' }
  const config = load(yaml, { env, flags: { port: '3000', host: undefined } })
  expect(config).toMatchObject({ port: 3000, timeZone: 'Asia/Tokyo', logLevel: 'warn' })
})

test('sections and dotted names mean the same', () => {
  const nested = load('limits:\n  connections: 7\nliveness: { silent: 2s, suspend: 1s }\n')
  const dotted = load('limits.connections: 7\nliveness.silent: 2s\nliveness.suspend: 1s\n')
  expect(nested).toEqual(dotted)
  expect(nested).toMatchObject({
    limits: { connectionsMax: 7 },
    liveness: { suspendMs: 1_000, silentMs: 2_000 },
  })
})

test('an empty file is a configuration', () => {
  expect(load('# nothing yet\n')).toEqual(load(null))
})

describe('what is wrong is refused by its name', () => {
  test.each([
    ['an unknown key', 'prot: 7480', 'prot'],
    ['an unknown key in a section', 'limits: { conections: 3 }', 'limits.conections'],
    ['a duration without a unit', 'seal_delay: 7200', 'seal_delay'],
    ['a duration with a wrong unit', 'seal_delay: 2 hours', 'seal_delay'],
    ['a duration out of range', 'seal_delay: 8d', 'seal_delay'],
    ['a duration below its floor', 'liveness: { silent: 10ms }', 'liveness.silent'],
    ['a count with a unit', 'limits: { connections: 10s }', 'limits.connections'],
    ['a port that is none', 'port: 70000', 'port'],
    ['a fraction', 'port: 80.5', 'port'],
    ['a time zone nobody has', 'timezone: Beijing', 'timezone'],
    ['a word of no list', 'log_level: chatty', 'log_level'],
    ['a flag that is neither', 'demo: maybe', 'demo'],
    ['an empty folder', "data_dir: ''", 'data_dir'],
    ['half of TLS', 'tls: { cert: a.pem }', 'tls.key'],
    ['the other half', 'tls: { key: a.pem }', 'tls.cert'],
    ['a suspension after the silence', 'liveness: { suspend: 2min }', 'liveness.suspend'],
    ['a list for a section', 'limits: [1]', 'limits'],
    ['a list', '- port', 'collector.yaml'],
    ['a name twice', 'port: 1\nport: 2', 'collector.yaml'],
    ['no YAML', 'port: [', 'collector.yaml'],
  ])('%s', (_name, yaml, option) => {
    const { code, message } = refusal(() => load(yaml))
    expect(code).toBe('config_invalid')
    expect(message).toContain(option)
    expect(message).not.toContain('\n')
  })

  test('a variable of ours that names no option', () => {
    const { code, message } = refusal(() => load(null, { env: { YIBEN_COLLECTOR_PROT: '1' } }))
    expect([code, message]).toEqual([
      'config_invalid',
      expect.stringContaining('YIBEN_COLLECTOR_PROT'),
    ])
  })

  test('a file that is not there', () => {
    const { code } = refusal(() => loadConfig({ file: '/nowhere/x.yaml', env: {} }))
    expect(code).toBe('config_unreadable')
  })
})

describe('TLS', () => {
  const NO_FILES = { rootsFile: null, clientCaFile: null, clientCrlFile: null }
  const OWN = { mode: 'own', names: [], lifeMs: 7_776_000_000, ...NO_FILES }
  const FILES = { mode: 'files', certFile: 'a.pem', keyFile: 'b.pem' }

  test.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])(
    'is not spoken on %s by itself',
    (host) => {
      const config = load(null, { flags: { host } })
      expect([config.host, config.tls, config.access.isSecure]).toEqual([host, null, false])
    },
  )

  test.each(['0.0.0.0', '10.1.2.3', '::', 'collector.example'])(
    'is spoken on %s with certificates of its own',
    (host) => {
      const config = load(null, { flags: { host } })
      expect([config.tls, config.access.isSecure]).toEqual([OWN, true])
    },
  )

  test('is spoken with the certificate that is given, anywhere', () => {
    for (const host of ['0.0.0.0', '127.0.0.1']) {
      expect(load(`host: ${host}\ntls: { cert: a.pem, key: b.pem }\n`).tls).toMatchObject(FILES)
    }
  })

  test('is left to a gateway in front only where that is said', () => {
    expect(load('host: 0.0.0.0\nallow_plain: true\n')).toMatchObject({
      tls: null,
      allowsPlain: true,
    })
    expect(load('host: 0.0.0.0\nallow_plain: true\ntls: { mode: off }\n').tls).toBeNull()
    expect(load('host: 0.0.0.0\nallow_plain: true\ntls: { mode: own }\n').tls).toEqual(OWN)
  })

  test('takes names and addresses', () => {
    const { tls } = load('tls: { mode: own, names: "10.1.2.3, gate.example,fd00::1", life: 30d }')
    const names = ['10.1.2.3', 'gate.example', 'fd00::1']
    expect(tls).toEqual({ ...OWN, names, lifeMs: 2_592_000_000 })
  })

  test.each([
    ['no TLS for other machines', 'host: 0.0.0.0\ntls: { mode: off }', 'allow_plain'],
    ['files that are not named', 'tls: { mode: files }', 'tls.cert'],
    ['files for certificates of its own', 'tls: { mode: own, cert: a, key: b }', 'tls.cert'],
    ['files for no TLS', 'tls: { mode: off, cert: a, key: b }', 'tls.cert'],
    ['names for files', 'tls: { names: a.example, cert: a, key: b }', 'tls.names'],
    ['names for nothing', 'tls: { names: a.example }', 'tls.names'],
    ['what is no name', 'tls: { mode: own, names: "a b_ -c" }', 'tls.names'],
    ['clients’ certificates without TLS', 'tls: { client_ca: a.pem }', 'tls.client_ca'],
    ['lists without an authority', 'tls: { mode: own, client_crl: a.pem }', 'tls.client_crl'],
    ['authorities without TLS', 'tls: { roots: a.pem }', 'tls.roots'],
    ['a life that is none', 'tls: { mode: own, life: 1s }', 'tls.life'],
  ])('%s is refused', (_what, yaml, option) => {
    const { code, message } = refusal(() => load(yaml))
    expect([code, message]).toEqual(['config_invalid', expect.stringContaining(option)])
  })
})

test('durations carry their unit', () => {
  const cases = ['500ms', '90s', '15min', '2h', '14d', '90', '1.5h', '-1s', '1m', ' 1s', '1e3s', '']
  expect(cases.map(durationMsOf)).toEqual([
    500,
    90_000,
    900_000,
    7_200_000,
    1_209_600_000,
    ...Array.from({ length: 7 }, () => null),
  ])
})

test('every option stands in the table with its environment and takes its own default', () => {
  const table = optionTable()
  const env = Object.fromEntries(table.map((row) => [row.environment, row.default]))
  expect(load(null, { env })).toEqual(load(null))
  for (const row of table) {
    expect(row.sentence).not.toBe('')
    expect(row.environment).toMatch(/^YIBEN_COLLECTOR_[A-Z_]+$/)
  }
})
