/**
 * A collector that reports to one with certificates of its own, as processes over TLS: it was given a
 * token and nothing else, and follows a change of its parent's authority by itself.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CollectorProcess, tokenIn } from '../support/collector-process.ts'
import { until } from '../support/program.ts'
import { tempDir } from '../support/temp-dir.ts'

const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 1s, rollup: 1s, liveness: 200ms }',
]

function processWith(lines: readonly string[]): CollectorProcess {
  const collector = new CollectorProcess(tempDir(), [...CONFIG, ...lines])
  onTestFinished(() => collector.kill())
  return collector
}

async function enroll(child: CollectorProcess, parent: CollectorProcess): Promise<void> {
  const token = tokenIn(await parent.say(['token', 'create', '--child', 'East']))
  await child.say(['upstream', 'enroll', '--url', parent.url, '--token', token, '--name', 'east'])
}

interface Authorities {
  readonly version: number
  readonly roots: readonly string[]
}

function readJson<Content>(collector: CollectorProcess, file: string): Content | null {
  const path = join(collector.dataDir, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

test('a child follows its parent’s authority, through the change and after the old one is dropped', async () => {
  const parent = processWith(['tls: { mode: own, look: 200ms }'])
  await parent.start()
  const child = processWith(['upstream: { feed: 50ms, counts: 1s }'])
  await enroll(child, parent)
  await child.start()
  const knows = (count: number) =>
    until(`the child knows what ${count} authorities are`, () => {
      const told = readJson<Authorities & { readonly pin: string }>(parent, 'tls/told.json')
      const known = readJson<Authorities>(child, 'upstream/trust.json')
      return told?.roots.length === count && known?.version === told.version ? told : null
    })
  const before = await knows(1)
  const status = async () => JSON.parse(await parent.say(['tls', 'status', '--json']))
  const here = { collectors: 1, collectors_connected: 1, collectors_away: [] }
  expect(await status()).toMatchObject(here)

  // Nobody else is waited for: the switch comes as soon as the child has said that it knows.
  await parent.say(['tls', 'rotate-ca', '--switch-by', '1h', '--drop-after', '3s'])
  const after = await until('the new one alone is told', () => {
    const told = readJson<Authorities & { readonly pin: string }>(parent, 'tls/told.json')
    return told?.pin !== before.pin && told?.roots.length === 1 ? told : null
  })
  expect(after.roots).not.toContain(before.roots[0])
  await knows(1)

  // It dials anew, and what is shown is of the new authority alone.
  await startedAnew(child, 'status.json')
  await linkOf(child, (note) => (note.link === 'online' ? true : null))

  // Without what it was told it knows the authority of its token only, and nobody shows that any more.
  await startedAnew(child, 'status.json', 'trust.json')
  const sentence = await linkOf(child, (note) => note.problem?.sentence ?? null)
  expect(sentence).toContain('of no authority that this node trusts')
  const away = [{ child_id: expect.any(String), name: 'East', last_heard: expect.any(String) }]
  expect(await status()).toMatchObject({ collectors_connected: 0, collectors_away: away })
}, 240_000)

/** Without what these files of its folder have said until now. */
async function startedAnew(child: CollectorProcess, ...files: readonly string[]): Promise<void> {
  await child.stop()
  for (const file of files) rmSync(join(child.dataDir, 'upstream', file))
  await child.start()
}

interface Note {
  readonly link: string
  readonly problem: { readonly sentence: string } | null
}

function linkOf<Answer>(child: CollectorProcess, read: (note: Note) => Answer | null) {
  return until('the link of the child', () => {
    const note = readJson<Note>(child, 'upstream/status.json')
    return note === null ? null : read(note)
  })
}
