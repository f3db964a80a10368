/** A real collector that sends files to a node in rehearsal: by command, by schedule, killed. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CollectorProcess } from '../../support/collector-process.ts'
import { until } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { templateValue } from './rig.ts'

const KILLS = 2

test('a collector makes files by order and is killed: numbers have no gap, the journal has each once', async () => {
  const folder = tempDir()
  mkdirSync(join(folder, 'outgoing'))
  const file = join(folder, 'node.yaml')
  writeFileSync(file, JSON.stringify(templateValue()))
  const collector = new CollectorProcess(folder, [
    'intervals: { sequence: 100ms }',
    `adapter: { template: ${file}, look: 100ms }`,
  ])
  onTestFinished(() => collector.kill())
  await collector.say(['site', 'put', 'BJ-01', '--name', 'Test', '--region', '110000'])
  const config = ['--config', collector.configFile]
  await collector.start()
  expect(await collector.say(['adapter', 'run', 'total', ...config])).toMatch(
    /^file 1, .*0001\.data/,
  )
  expect(await collector.say(['adapter', 'run', 'available', ...config])).toMatch(/^file 2, /)
  const refused = await collector.command(['adapter', 'resend', '7', ...config])
  expect(refused).toMatchObject({ exitCode: 1 })
  expect(refused.stderr).toContain('there is no file number 7')
  for (let kill = 0; kill < KILLS; kill += 1) {
    const ordered = collector.command(['adapter', 'run', 'total', ...config, '--json'])
    const wanted = kill + 3
    await until('its record is there', async () => (records(folder).length >= wanted ? true : null))
    await collector.kill()
    await collector.start()
    expect(JSON.parse((await ordered).stdout)).toMatchObject({ number: wanted, sequence: wanted })
  }
  const total = KILLS + 2
  await until('all are delivered', async () => (outgoing(folder).length === total ? true : null))
  const status = JSON.parse(await collector.say(['adapter', 'status', '--json', ...config]))
  expect(status.files.map((one: { sequence: number }) => one.sequence)).toEqual([1, 2, 3, 4])
  expect(await collector.say(['adapter', 'status', ...config])).toContain('available: due at ')
  const journal = await until('the journal has them', async () => {
    const made = await entries(collector, 'adapter_file_delivered')
    return made.length >= total ? made : null
  })
  expect(journal).toHaveLength(total)
  expect(await entries(collector, 'adapter_file_made')).toHaveLength(total)
  const { body } = await collector.get('/metrics')
  expect(body).toContain(`yiben_adapter_files{state="taken"} ${total}`)
  expect(body).toContain('yiben_adapter_troubles 0')
}, 90_000)

test('a template that is wrong stops the start with its place, and so does a demo ledger', async () => {
  const folder = tempDir()
  const file = join(folder, 'node.yaml')
  writeFileSync(file, JSON.stringify(templateValue({ time_zone: 'Mars/Base' })))
  const collector = new CollectorProcess(folder, [`adapter: { template: ${file} }`])
  onTestFinished(() => collector.kill())
  const { exitCode, stderr } = await collector.command(['serve', '--config', collector.configFile])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('time_zone must be a time zone of the IANA list')
  writeFileSync(file, JSON.stringify(templateValue()))
  const other = new CollectorProcess(tempDir(), [`adapter: { template: ${file} }`])
  const demo = await other.command(['serve', '--demo', '--config', other.configFile])
  expect(demo.exitCode).toBe(2)
  expect(demo.stderr).toContain('a demo ledger is reported to nobody')
}, 60_000)

const records = (folder: string) =>
  readdirSync(join(folder, 'data/adapter/records')).filter((name) => name.endsWith('.json'))

const outgoing = (folder: string) =>
  readdirSync(join(folder, 'outgoing')).filter(
    (name) => readFileSync(join(folder, 'outgoing', name)).length > 0,
  )

async function entries(collector: CollectorProcess, kind: string): Promise<readonly unknown[]> {
  const { body } = await collector.get('/v1/journal/entries?after=0&limit=1000')
  return body.entries.filter((one: { kind: string }) => one.kind === kind)
}
