/**
 * The commands as people run them: processes with exit codes 0, 1 and 2, over a ledger that was
 * lived through. Wrong usage is one line that names what is wrong.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseAccessToken, parseEnrollmentToken } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBackupNote } from '../../../collector/src/backup-note.ts'
import { type Finished, runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { ApiRig } from '../api/api-rig.ts'
import { HOUR, START_MS } from '../bank/ledger-rig.ts'
import { writeIdentity } from '../journal/export-support.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const SPAN = ['--from', iso(START_MS), '--to', iso(START_MS + 2 * HOUR)]

let rig: ApiRig
beforeAll(async () => {
  rig = await ApiRig.start()
  const node = await rig.rig.admit(1, [{}, {}])
  await rig.rig.policy(node)
  await rig.rig.live(node, [['free/proven', 2_700]])
  await rig.settle()
  await rig.rig.live(node, [
    ['busy/active', 1_800],
    ['free/proven', 600],
  ])
  rig.rig.clock.advance(3 * HOUR)
  await rig.settle()
})
afterAll(() => rig.close())

/** A data folder that holds what was lived through, and the key it was signed with. */
async function livedFolder(): Promise<string> {
  const folder = tempDir()
  await rig.rig.store.backup(join(folder, 'ledger.sqlite'))
  writeIdentity(folder, 1, 7)
  return folder
}

function run(dataDir: string, ...args: string[]): Promise<Finished> {
  return runProgram({
    script: 'collector/src/main.ts',
    args,
    env: { YIBEN_COLLECTOR_DATA_DIR: dataDir },
  })
}

describe('wrong usage', () => {
  test.each([
    [['nothing'], 'nothing'],
    [['ledger', '--colour'], '--colour'],
    [['ledger', '--by', 'colour'], '--by'],
    [['ledger', '--as-of', 'yesterday'], '--as-of'],
    [['token', 'create'], '--site'],
    [['token', 'create', '--role', 'king'], '--role'],
    [['token', 'create', '--role', 'admin', '--ttl', '14'], '--ttl'],
    [['token', 'create', '--role', 'admin', '--ttl', '9999d'], 'ttl'],
    [['token', 'create', '--role', 'admin', '--uses', '3'], 'uses'],
    [['token', 'create', '--role', 'admin', '--region', '11'], 'region'],
    [['site', 'put', 'A1B', '--name', 'x'], '--region'],
    [['site', 'put', 'a_b', '--name', 'x', '--region', '110000'], 'site'],
    [['export', '--from', '2026-03-01', '--to', '2026-03-02', '--format', 'parquet'], 'xlsx'],
    [['report', 'issue', '--month', 'March'], '--month'],
    [['report', 'issue', '--month', '2026-03', '--region', '15'], '--region'],
    [['report', 'show', 'r-1', '--format', 'pdf'], '--format'],
    [['export', '--from', '2026-03-02', '--to', '2026-03-01', '--format', 'csv'], '--to'],
    [['balance', '--from', '2026-03-02', '--to', '2026-03-01'], '--to'],
    [['verify', 'x', '--head', '12'], '--head'],
    [['verify', 'x', '--key', 'secret'], '--key'],
    [['verify', 'x', '--witness', 'a+b'], '--witness'],
    [['serve', '--port', 'many'], 'port'],
    [['serve', '--log-level', 'loud'], 'log_level'],
    [['node', 'rotate-key'], '--all'],
    [['node', 'rotate-key', 'n-1', '--all'], '--all'],
    [['tls', 'rotate-ca', '--switch-by', 'soon'], '--switch-by'],
    [['tls', 'rotate-ca', '--drop-after', '60'], '--drop-after'],
    [['catalogue', 'match', 'H800', '--vendor', 'acme'], '--vendor'],
    [['conflict', 'resolve', '1'], '--keep'],
    [['conflict', 'resolve', 'x', '--keep', '1'], 'ID'],
  ])('%j exits 2 and names %s', async (args, name) => {
    const { exitCode, stderr, stdout } = await run(tempDir(), ...args)
    expect([args, exitCode, stdout]).toEqual([args, 2, ''])
    expect(stderr).toContain(name)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('a command that only reads makes no ledger', async () => {
    const folder = tempDir()
    const commands = [['ledger'], ['balance'], ['token', 'list'], ['backup', 'x'], ['key']]
    for (const command of commands) {
      const { exitCode, stderr } = await run(folder, ...command)
      expect([command, exitCode]).toEqual([command, 1])
      expect(stderr).toContain('state_missing')
    }
    expect(existsSync(join(folder, 'ledger.sqlite'))).toBe(false)
  })
})

test.each([
  [[]],
  [['serve']],
  [['token', 'create']],
  [['site', 'put']],
  [['ledger']],
  [['balance']],
  [['export']],
  [['report', 'issue']],
  [['verify']],
  [['key']],
])('%j has help', async (command: string[]) => {
  const { exitCode, stdout } = await run(tempDir(), ...command, '--help')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Usage: yiben-collector')
  if (command[0] === 'serve') expect(stdout).toContain('YIBEN_COLLECTOR_SEAL_DELAY')
})

describe('decisions', () => {
  test('a conflict is listed with both claims and resolved once', async () => {
    const lived = await ApiRig.start()
    const nodes = [await lived.rig.admit(1, [{}]), await lived.rig.admit(2, [{}], 'SITE-2')]
    const [kept, other] = nodes
    if (kept === undefined || other === undefined) throw new Error('two nodes')
    await lived.rig.live(kept, [['free/proven', 60]])
    await lived.rig.conflict(kept, other)
    const folder = tempDir()
    await lived.rig.store.backup(join(folder, 'ledger.sqlite'))
    await lived.close()
    const listed = await run(folder, 'conflict', 'list', '--json')
    const [conflict] = JSON.parse(listed.stdout)
    expect(conflict).toMatchObject({
      resolved_at: null,
      claims: [
        { node_id: kept, site_code: 'SITE-1', counted: true },
        { node_id: other, site_code: 'SITE-2', counted: false },
      ],
    })
    const unit = String(conflict.other_unit_id)
    const wrong = await run(folder, 'conflict', 'resolve', '1', '--keep', '999')
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('keep_unit_id')])
    const done = await run(folder, 'conflict', 'resolve', '1', '--keep', unit)
    expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining(`unit ${unit}`)])
    const again = await run(folder, 'conflict', 'resolve', '1', '--keep', unit)
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('already')])
    expect((await run(folder, 'conflict', 'list')).stdout).not.toContain(kept)
    expect((await run(folder, 'conflict', 'list', '--all')).stdout).toContain(kept)
  })

  test('a node is revoked once; one that is not there is said', async () => {
    const folder = await livedFolder()
    const [node] = (await rig.get('/v1/nodes')).body.nodes
    const done = await run(folder, 'node', 'revoke', node.node_id)
    expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('revoked')])
    const again = await run(folder, 'node', 'revoke', node.node_id)
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('already')])
    const none = await run(folder, 'node', 'revoke', 'n-none')
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('not_found')])
  })
})

describe('TLS and keys', () => {
  test('nodes are asked for a new key once each; one that may not join is said', async () => {
    const folder = await livedFolder()
    const nodes = (await rig.get('/v1/nodes')).body.nodes
    const [node] = nodes
    const one = await run(folder, 'node', 'rotate-key', node.node_id, '--json')
    expect(JSON.parse(one.stdout)).toEqual({ asked: [node.node_id] })
    const all = await run(folder, 'node', 'rotate-key', '--all', '--json')
    expect(JSON.parse(all.stdout).asked).toHaveLength(nodes.length - 1)
    await run(folder, 'node', 'revoke', node.node_id)
    const revoked = await run(folder, 'node', 'rotate-key', node.node_id)
    expect([revoked.exitCode, revoked.stderr]).toEqual([1, expect.stringContaining('revoked')])
    const none = await run(folder, 'node', 'rotate-key', 'n-none')
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('not_found')])
  })

  test('where nothing is shown there is nothing to tell or to change', async () => {
    const folder = await livedFolder()
    for (const command of ['status', 'ca', 'rotate-ca']) {
      const { exitCode, stderr } = await run(folder, 'tls', command)
      expect([command, exitCode, stderr]).toEqual([
        command,
        1,
        expect.stringContaining('state_missing'),
      ])
    }
  })

  test('a token pins the authority that will be shown, also before the first start', async () => {
    const folder = tempDir()
    const config = join(folder, 'collector.yaml')
    writeFileSync(config, 'host: 0.0.0.0\n')
    const withConfig = (...args: string[]) => run(folder, ...args, '--config', config)
    await withConfig('site', 'put', 'BJ-01', '--name', 'B', '--region', '110000')
    const made = await withConfig('token', 'create', '--site', 'BJ-01', '--json')
    const { authority_pin: pin, token } = JSON.parse(made.stdout)
    expect(pin).toMatch(/^[0-9a-f]{64}$/)
    expect(parseEnrollmentToken(token).authorityPin).toBe(pin)
    expect(JSON.parse((await run(folder, 'tls', 'status', '--json')).stdout)).toMatchObject({ pin })
    const access = await withConfig('token', 'create', '--role', 'admin', '--json')
    expect(JSON.parse(access.stdout)).not.toHaveProperty('authority_pin')
    const begun = await run(folder, 'tls', 'rotate-ca', '--json')
    expect(JSON.parse(begun.stdout).pin).not.toBe(pin)
    const again = await run(folder, 'tls', 'rotate-ca')
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('under way')])
  })
})

describe('sites and tokens', () => {
  test('a token of an unknown site is refused, of a known one admits as many nodes as said', async () => {
    const folder = tempDir()
    const early = await run(folder, 'token', 'create', '--site', 'BJ-01')
    expect([early.exitCode, early.stdout]).toEqual([1, ''])
    expect(early.stderr).toContain('site put BJ-01')
    await run(folder, 'site', 'put', 'BJ-01', '--name', '北京', '--region', '110000')
    const made = await run(folder, 'token', 'create', '--site', 'BJ-01', '--uses', '5')
    expect(made.exitCode).toBe(0)
    const token = parseEnrollmentToken(made.stdout)
    expect(made.stderr).toContain(token.id)
    const listed = await run(folder, 'token', 'list', '--json')
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { token_id: token.id, kind: 'enroll', site_code: 'BJ-01', uses_left: 5, revoked_at: null },
    ])
    expect(listed.stdout).not.toContain(made.stdout.trim())
  })

  test('an access token is shown once and can be revoked', async () => {
    const folder = tempDir()
    const made = await run(folder, 'token', 'create', '--role', 'bank', '--json', '--ttl', '1h')
    const {
      token,
      token_id: id,
      expires_at: expires,
      created_at: created,
    } = JSON.parse(made.stdout)
    expect(parseAccessToken(token).id).toBe(id)
    expect(Date.parse(expires) - Date.parse(created)).toBe(HOUR)
    expect((await run(folder, 'token', 'revoke', id)).exitCode).toBe(0)
    expect((await run(folder, 'token', 'list')).stdout).toMatch(/revoked/)
    const unknown = await run(folder, 'token', 'revoke', 'ffff')
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('not_found')])
  })

  test('all tokens of a folder carry the same collector key, and only its owner may read it', async () => {
    const folder = tempDir()
    await run(folder, 'site', 'put', 'BJ-01', '--name', 'A', '--region', '110000')
    const tokens = []
    for (let count = 0; count < 2; count += 1) {
      const { stdout } = await run(folder, 'token', 'create', '--site', 'BJ-01')
      tokens.push(parseEnrollmentToken(stdout))
    }
    expect(tokens[0]?.collectorKey).toBe(tokens[1]?.collectorKey)
    expect(tokens[0]?.id).not.toBe(tokens[1]?.id)
    expect(statSync(join(folder, 'identity.key')).mode & 0o077).toBe(0)
  })

  test('a site is made, listed and declares', async () => {
    const folder = tempDir()
    const place = ['--name', '上海', '--region', '310115']
    expect((await run(folder, 'site', 'put', 'SH-01', ...place)).stdout).toContain('is made')
    expect((await run(folder, 'site', 'put', 'SH-01', ...place)).stdout).toContain('is changed')
    const declare = ['--model', 'H800 SXM', '--cards', '8', '--p', '7.915']
    expect((await run(folder, 'site', 'declare', 'SH-01', ...declare)).exitCode).toBe(0)
    expect((await run(folder, 'site', 'declare', 'SH-02', ...declare)).exitCode).toBe(1)
    const listed = JSON.parse((await run(folder, 'site', 'list', '--json')).stdout)
    expect(listed).toMatchObject([{ code: 'SH-01', name: '上海', region_code: '310115' }])
    const kept = async (...keep: string[]) => {
      const { stdout } = await run(folder, 'site', 'put', 'SH-01', ...place, '--json', ...keep)
      return JSON.parse(stdout).keep
    }
    const both = ['--keep', 'H800 SXM=16', '--keep', 'A100 SXM 80GB=2']
    const stated = [
      { model: 'A100 SXM 80GB', cards: 2 },
      { model: 'H800 SXM', cards: 16 },
    ]
    expect([await kept(...both), await kept()]).toEqual([stated, stated])
    const wrong = await run(folder, 'site', 'put', 'SH-01', ...place, '--keep', 'H800 SXM')
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('MODEL=N')])
  })

  test('a site states its PUE, racks and tariff; said twice nothing is new; `none` withdraws', async () => {
    const folder = tempDir()
    await run(folder, 'site', 'put', 'SH-01', '--name', '上海', '--region', '310115')
    const file = join(folder, 'tariff.yaml')
    writeFileSync(
      file,
      'time_zone: Asia/Shanghai\nperiods:\n  - { name: 平, from: "00:00", to: "24:00" }\n',
    )
    const state = async (...options: string[]) => run(folder, 'site', 'state', 'SH-01', ...options)
    const all = ['--pue', '1.25', '--racks', '1000', '--racks-used', '640', '--tariff', file]
    const told = JSON.parse((await state(...all, '--json')).stdout)
    expect(told).toMatchObject({
      stated: 3,
      facts: { pue: { value: '1.250' }, racks: { occupancy: 0.64 } },
    })
    expect(told.facts.tariff.periods).toEqual([{ name: '平', from: '00:00', to: '24:00' }])
    expect((await state(...all)).stdout).toContain('0 of 3')
    const withdrawn = JSON.parse((await state('--racks', 'none', '--json')).stdout)
    expect(withdrawn.facts).toMatchObject({ racks: null, pue: { value: '1.250' } })
    for (const [options, word] of [
      [[], '--pue'],
      [['--pue', '0.5'], 'pue'],
      [['--pue', 'low'], '--pue'],
      [['--racks', '5'], '--racks-used'],
      [['--tariff', join(folder, 'missing.yaml')], 'missing.yaml'],
    ] as const) {
      const { exitCode, stderr } = await state(...options)
      expect([options, exitCode, stderr]).toEqual([options, 2, expect.stringContaining(word)])
    }
    expect((await run(folder, 'site', 'state', 'SH-02', '--pue', '1.2')).exitCode).toBe(1)
  })
})

describe('the ledger', () => {
  test('is a table of cards and P, and the same answer as over HTTP with --json', async () => {
    const folder = await livedFolder()
    const asOf = ['--as-of', iso(START_MS + 600_000)]
    const table = await run(folder, 'ledger', ...asOf, '--by', 'model')
    expect(table.exitCode).toBe(0)
    expect(table.stdout).toContain('as of 2026-03-01T08:10:00.000Z')
    expect(table.stdout).toMatch(/H800 SXM +cards +0 +2 +0 +0 +0 +0 +0 +2 /)
    expect(table.stdout).toMatch(/100\.0 %/)
    const knownAt = ['--known-at', iso(rig.rig.now)]
    const json = await run(folder, 'ledger', ...asOf, ...knownAt, '--json')
    const query = `as_of=${iso(START_MS + 600_000)}&known_at=${iso(rig.rig.now)}`
    expect(JSON.parse(json.stdout)).toEqual((await rig.get(`/v1/ledger?${query}`)).body)
  })

  test('takes a date as the beginning of that day where the ledger is', async () => {
    const { stdout } = await run(await livedFolder(), 'ledger', '--as-of', '2026-03-02', '--json')
    expect(JSON.parse(stdout).as_of).toBe('2026-03-01T16:00:00.000Z')
  })
})

describe('the balance', () => {
  test('adds up, exits 0 and says how complete it is', async () => {
    const folder = await livedFolder()
    const { exitCode, stdout } = await run(folder, 'balance', ...SPAN)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('The states add up to wall time.')
    const json = JSON.parse((await run(folder, 'balance', '--json', ...SPAN)).stdout)
    const told = 2 * 5_100_000
    expect(json).toMatchObject({ balanced: true, units: 2, wall_ms: String(told), coverage: 1 })
    expect(json.states).toMatchObject({ free_ms: '6600000', busy_ms: '3600000' })
  })

  test('a planted hole turns it red, with its span and unit', async () => {
    const folder = await livedFolder()
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'))
    const { changes } = database
      .prepare('DELETE FROM runs WHERE unit_id = 1 AND start_ms = ?')
      .run(START_MS + 2_700_000)
    database.close()
    expect(changes).toBe(1)
    const { exitCode, stdout } = await run(folder, 'balance', ...SPAN)
    expect(exitCode).toBe(1)
    const hole = `hole  ${iso(START_MS + 2_700_000)} – ${iso(START_MS + 4_500_000)}`
    expect(stdout).toContain(`unit 1  ${hole}`)
    const other = await run(folder, 'balance', '--accelerator', '2', ...SPAN)
    expect(other.exitCode).toBe(0)
  })

  test('an accelerator that is not there is a failure', async () => {
    const folder = await livedFolder()
    expect((await run(folder, 'balance', '--accelerator', '99')).exitCode).toBe(1)
    expect((await run(folder, 'balance', '--accelerator', 'x')).exitCode).toBe(2)
  })
})

describe('data out', () => {
  test('csv has a head and a line per sealed hour, site and model', async () => {
    const { exitCode, stdout } = await run(
      await livedFolder(),
      ...['export', '--format', 'csv', ...SPAN],
    )
    expect(exitCode).toBe(0)
    const [head, ...lines] = stdout.trim().split('\n')
    expect(head).toMatch(/^from,to,key,model,/)
    // The second hour waits for what is not told yet.
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^2026-03-01T08:00:00\.000Z,2026-03-01T09:00:00\.000Z,SITE-1,H800 SXM,/,
    )
  })

  test('jsonl holds everything, and verifies with nothing but a public key', async () => {
    const folder = await livedFolder()
    const { stdout, stderr } = await run(folder, 'export', '--format', 'jsonl', ...SPAN)
    const file = join(tempDir(), 'export.jsonl')
    writeFileSync(file, stdout)
    const lines = stdout.trim().split('\n')
    const types = new Set(lines.map((line) => JSON.parse(line).type))
    expect([stderr, [...types].sort()]).toEqual([
      '',
      [
        ...['bucket', 'checkpoint', 'deposit', 'end', 'journal_entry', 'ledger', 'run'],
        ...['site', 'unit'],
      ],
    ])
    const key = (await run(folder, 'key')).stdout.trim()
    const { public_key: bare, verifier_key } = JSON.parse(
      (await run(folder, 'key', '--json')).stdout,
    )
    expect(verifier_key).toBe(key)
    const nowhere = tempDir()
    const good = await run(nowhere, 'verify', file, '--key', key, '--json')
    expect(good.exitCode).toBe(0)
    const { seq, hash, root, signature } = JSON.parse(good.stdout)
    expect(signature).toBe('verified')
    const told = await run(nowhere, 'verify', file, '--key', bare, '--head', `${seq}:${hash}`)
    expect([told.exitCode, told.stdout]).toEqual([0, expect.stringContaining(root)])
    const blind = await run(nowhere, 'verify', file)
    expect([blind.exitCode, blind.stdout]).toEqual([0, expect.stringContaining('give --key')])
    expect(existsSync(join(nowhere, 'ledger.sqlite'))).toBe(false)
    await expectEveryCorruptionFound(stdout, key)
  })

  test('a checkpoint of before is asked for by its file, and missed where it is no part', async () => {
    const folder = await livedFolder()
    const { stdout } = await run(folder, 'export', '--format', 'jsonl', ...SPAN)
    const file = join(tempDir(), 'export.jsonl')
    writeFileSync(file, stdout)
    const note = join(folder, 'checkpoint.note')
    expect((await run(folder, 'verify', file, '--checkpoint', note)).exitCode).toBe(0)
    // The same ledger goes on elsewhere: another entry, another checkpoint.
    await run(folder, 'site', 'put', 'BJ-09', '--name', 'A', '--region', '110000')
    await run(folder, 'export', '--format', 'jsonl', ...SPAN)
    const later = await run(folder, 'verify', file, '--checkpoint', note)
    expect([later.exitCode, later.stdout]).toEqual([1, expect.stringContaining('end cut off')])
    const none = await run(folder, 'verify', file, '--checkpoint', '/nowhere')
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('cannot be read')])
    const missing = await run(folder, 'verify', '/nowhere')
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining('/nowhere')])
  })

  test('an older copy in place of the ledger exports, but signs nothing', async () => {
    const folder = await livedFolder()
    const older = join(tempDir(), 'older.sqlite')
    await run(folder, 'backup', older)
    await run(folder, 'site', 'put', 'BJ-09', '--name', 'A', '--region', '110000')
    await run(folder, 'export', '--format', 'jsonl', ...SPAN)
    for (const name of ['ledger.sqlite-wal', 'ledger.sqlite-shm']) {
      rmSync(join(folder, name), { force: true })
    }
    cpSync(older, join(folder, 'ledger.sqlite'))
    const { exitCode, stdout, stderr } = await run(folder, 'export', '--format', 'jsonl', ...SPAN)
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('older copy')])
    const file = join(tempDir(), 'export.jsonl')
    writeFileSync(file, stdout)
    const key = (await run(folder, 'key')).stdout.trim()
    const verdict = await run(folder, 'verify', file, '--key', key, '--json')
    expect([verdict.exitCode, JSON.parse(verdict.stdout)]).toMatchObject([
      1,
      { status: 'broken', fault: 'export_not_signed' },
    ])
  })

  test('a backup is a ledger of its own, and is never written over another file', async () => {
    const folder = await livedFolder()
    const copy = tempDir()
    const file = join(copy, 'ledger.sqlite')
    expect((await run(folder, 'backup', file)).exitCode).toBe(0)
    expect(readBackupNote(folder)).toMatchObject({ generation: 1, bytes: statSync(file).size })
    const again = await run(folder, 'backup', file)
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('conflict')])
    const asOf = ['ledger', '--json', '--as-of', iso(START_MS), '--known-at', iso(rig.rig.now)]
    expect((await run(copy, ...asOf)).stdout).toBe((await run(folder, ...asOf)).stdout)
  })
})

/** Flipped, cut out, swapped, cut off: each by name, each found. */
async function expectEveryCorruptionFound(text: string, key: string): Promise<void> {
  const lines = text.trim().split('\n')
  const at = lines.findIndex((line) => line.includes('lot_opened'))
  const corruptions: Record<string, string[]> = {
    'a digit flipped': lines.map((line, index) =>
      index === at ? line.replace(/window_start_ms\\":1/, 'window_start_ms\\":2') : line,
    ),
    'an entry cut out': lines.filter((_, index) => index !== at),
    'two entries swapped': lines.map((line, index) => {
      if (index === at) return lines[at + 1] ?? line
      return index === at + 1 ? (lines[at] ?? line) : line
    }),
    'the end cut off': lines.slice(0, -1),
    'half a line': [...lines.slice(0, -1), (lines.at(-1) ?? '').slice(0, 40)],
    'a figure beside the journal': lines.map((line) => line.replace(/"cards":2/, '"cards":3')),
  }
  const folder = tempDir()
  for (const [name, corrupted] of Object.entries(corruptions)) {
    const file = join(folder, 'corrupted.jsonl')
    writeFileSync(file, `${corrupted.join('\n')}\n`)
    expect([name, readFileSync(file, 'utf8') === text]).toEqual([name, false])
    const { exitCode, stdout } = await run(folder, 'verify', file, '--key', key)
    expect([name, exitCode, stdout]).toEqual([
      name,
      1,
      expect.stringMatching(/line \d+, entry \d+/),
    ])
  }
}

test('a fresh folder is nobody else’s to read', async () => {
  const folder = join(tempDir(), 'data')
  await run(folder, 'site', 'put', 'BJ-01', '--name', 'A', '--region', '110000')
  expect(statSync(folder).mode & 0o077).toBe(0)
  const copy = join(tempDir(), 'copy')
  mkdirSync(copy)
  cpSync(folder, copy, { recursive: true })
  expect((await run(copy, 'site', 'list')).stdout).toContain('BJ-01')
})
