/** The serving process: where it is, that it stops in time, and that commands work beside it. */
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CollectorProcess } from '../../support/collector-process.ts'
import { Program, runProgram } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'

const STOP_MS_MAX = 5_000

async function started(): Promise<CollectorProcess> {
  const collector = new CollectorProcess(tempDir())
  onTestFinished(() => collector.kill())
  await collector.start()
  return collector
}

test('it says where it is in one line of JSON, answers, and ends with 0 when told', async () => {
  const collector = await started()
  const line = await collector.program.line(/"ready"/)
  expect(JSON.parse(line)).toEqual({ ready: true, url: collector.url, demo: false })
  expect((await fetch(`${collector.url}/readyz`)).status).toBe(200)
  const { status, body } = await collector.get('/v1/ledger')
  expect([status, body.demo]).toEqual([200, false])
  const stoppedMs = await collector.stop(STOP_MS_MAX)
  expect(stoppedMs).not.toBeNull()
  expect(collector.program.exitCode).toBe(0)
})

test('a stop does not wait for who follows the change feed', async () => {
  const collector = await started()
  const token = (await collector.say(['token', 'create', '--role', 'bank'])).split('\n')[0]
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  const response = await fetch(`${collector.url}/v1/changes`, { headers })
  expect(response.status).toBe(200)
  const reading = response.text().catch(() => '')
  expect(await collector.stop(STOP_MS_MAX)).not.toBeNull()
  await reading
  expect(collector.program.exitCode).toBe(0)
})

describe('one folder', () => {
  test('is served by one process, beside which commands write', async () => {
    const collector = await started()
    const second = await collector.command(['serve', '--port', '0'])
    expect([second.exitCode, second.stderr]).toEqual([1, expect.stringContaining('disk_locked')])
    await collector.say(['site', 'put', 'BJ-01', '--name', 'A', '--region', '110000'])
    const { body } = await collector.get('/v1/sites')
    expect(body.sites.map((site: { code: string }) => site.code)).toEqual(['BJ-01'])
    const { body: ready } = await collector.get('/metrics')
    expect(ready).toContain('yiben_sessions 0')
  })

  test('a token revoked by a command is refused by the server at once', async () => {
    const collector = await started()
    const made = JSON.parse(await collector.say(['token', 'create', '--role', 'admin', '--json']))
    const headers = { authorization: `Bearer ${made.token}` }
    const ask = async () => (await fetch(`${collector.url}/v1/sites`, { headers })).status
    expect(await ask()).toBe(200)
    await collector.say(['token', 'revoke', made.token_id])
    expect(await ask()).toBe(401)
  })
})

describe('the journal', () => {
  const SPAN = ['--from', '2026-01-01', '--to', '2026-01-02', '--format', 'jsonl']

  async function exported(collector: CollectorProcess, name: string): Promise<string> {
    const file = join(collector.folder, name)
    writeFileSync(file, `${await collector.say(['export', ...SPAN])}\n`)
    return file
  }

  const verify = (...args: string[]) =>
    runProgram({ script: CollectorProcess.script, args: ['verify', ...args] })

  test('is exported beside the serving process, and after kill -9 still goes on from there', async () => {
    const collector = await started()
    await collector.say(['site', 'put', 'BJ-01', '--name', 'A', '--region', '110000'])
    const first = await exported(collector, 'first.jsonl')
    const { body } = await collector.get('/v1/journal/checkpoint')
    const key = await collector.say(['key'])
    expect(body.verifier_key).toBe(key)
    const note = join(collector.folder, 'first.note')
    writeFileSync(note, body.note)
    expect((await verify(first, '--key', key)).exitCode).toBe(0)
    await collector.kill()
    await collector.start()
    await collector.say(['site', 'put', 'BJ-02', '--name', 'B', '--region', '110000'])
    const second = await exported(collector, 'second.jsonl')
    const args = ['--key', key, '--checkpoint', note, '--json']
    const verdict = JSON.parse((await verify(second, ...args)).stdout)
    expect(verdict).toMatchObject({ status: 'verified', signature: 'verified' })
    expect(verdict.seq).toBeGreaterThan(body.size)
    const proof = `/v1/journal/proof/consistency?from=${body.size}&to=${verdict.seq}`
    expect((await collector.get(proof)).body).toMatchObject({ to_root: verdict.root })
  })

  test('of an older copy is served, and signed no more', async () => {
    const collector = await started()
    await collector.say(['site', 'put', 'BJ-01', '--name', 'A', '--region', '110000'])
    const older = join(collector.folder, 'older.sqlite')
    await collector.say(['backup', older])
    await collector.say(['site', 'put', 'BJ-02', '--name', 'B', '--region', '110000'])
    await exported(collector, 'newer.jsonl')
    await collector.stop()
    cpSync(older, join(collector.dataDir, 'ledger.sqlite'))
    for (const name of ['ledger.sqlite-wal', 'ledger.sqlite-shm']) {
      rmSync(join(collector.dataDir, name), { force: true })
    }
    await collector.start()
    expect(await collector.program.line(/checkpoints are signed no more/)).toContain('behind')
    expect((await collector.get('/metrics')).body).toContain('yiben_checkpoint_refused 1')
    expect((await collector.get('/v1/sites')).status).toBe(200)
    const { exitCode, stderr } = await collector.command(['export', ...SPAN])
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('will not verify')])
  })
})

describe('a demo', () => {
  test('says so in every answer, and stays one', async () => {
    const dataDir = join(tempDir(), 'demo')
    const serve = (...flags: string[]) =>
      new Program({
        script: 'collector/src/main.ts',
        args: ['serve', '--port', '0', '--data-dir', dataDir, ...flags],
      })
    const first = serve('--demo')
    onTestFinished(() => first.kill())
    expect(await first.line(/"ready"/)).toContain('"demo":true')
    await first.stop()
    const ledger = await runProgram({
      script: 'collector/src/main.ts',
      args: ['ledger', '--data-dir', dataDir],
    })
    expect(ledger.stdout).toContain('DEMO')
    const second = serve()
    onTestFinished(() => second.kill())
    expect(await second.line(/"ready"/)).toContain('"demo":true')
  })

  test('is never made of a real ledger', async () => {
    const collector = await started()
    await collector.stop()
    const { exitCode, stderr } = await collector.command(['serve', '--demo', '--port', '0'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('demo is set')])
  })
})

test('a port that is taken is a failure with a sentence, and nothing is left running', async () => {
  const collector = await started()
  const folder = tempDir()
  const { exitCode, stderr } = await runProgram({
    script: 'collector/src/main.ts',
    args: ['serve', '--data-dir', folder, '--port', String(collector.port)],
  })
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('cannot listen')])
  expect(existsSync(join(folder, 'identity.key'))).toBe(true)
})

test('with a certificate it speaks TLS, and a wrong file stops it by name', async () => {
  const pem = (name: string) => join(import.meta.dirname, '../tls', name)
  const args = ['serve', '--port', '0', '--data-dir', tempDir()]
  const env = {
    YIBEN_COLLECTOR_TLS_CERT: pem('localhost-cert.pem'),
    YIBEN_COLLECTOR_TLS_KEY: pem('localhost-key.pem'),
  }
  const secure = new Program({ script: 'collector/src/main.ts', args, env })
  onTestFinished(() => secure.kill())
  expect(await secure.line(/"ready"/)).toContain('https://127.0.0.1:')
  await secure.stop()
  const wrong = await runProgram({
    script: 'collector/src/main.ts',
    args,
    env: { ...env, YIBEN_COLLECTOR_TLS_KEY: '/nowhere/key.pem' },
  })
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('tls.key')])
})
