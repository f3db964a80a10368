/** Eight made-up cards behind a made-up `nvidia-smi` below some root, and what a collector made of them. */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeMachine } from '../bench/support/fake-machine.ts'
import { until } from '../bench/support/program.ts'
import { TemporaryFolder } from '../bench/support/temporary-folder.ts'
import type { Site } from './site.ts'

const CARDS = 8
const HERE = '/opt/cards'

/** Option lines for the agent below `root`; `hardware` are two hex digits of the machine's own number. */
export function plugCards(below: string, hardware: string, pace: readonly string[]): string {
  using folder = new TemporaryFolder('boot-test')
  const { config } = makeMachine(folder.path, 'nvidia-smi') ?? { config: [] }
  const root = join(folder.path, 'root')
  writeFileSync(
    join(root, 'sys/class/dmi/id/product_uuid'),
    `${hardware}00aabb-1111-2222-3333-444455556666\n`,
  )
  // No two machines have the same cards.
  const tool = join(folder.path, 'tools/nvidia-smi')
  const script = readFileSync(tool, 'utf8').replaceAll('GPU-22222222', `GPU-${hardware}222222`)
  writeFileSync(tool, script)
  // The boots are real ones.
  const bootId = join(root, 'proc/sys/kernel/random/boot_id')
  rmSync(bootId)
  symlinkSync('/proc/sys/kernel/random/boot_id', bootId)
  // A copy of an image has the cards of what it was copied from.
  rmSync(join(below, HERE), { recursive: true, force: true })
  cpSync(folder.path, join(below, HERE), {
    recursive: true,
    verbatimSymlinks: true,
  })
  const lines = config.map((line) => line.replaceAll(folder.path, HERE))
  return [...pace, 'owner: { kind: none }', ...lines, ''].join('\n')
}

/** All eight cards, told up to now, second after second from the first one on. */
export async function reportsOf(site: Site, nodeId: string, withinMs = 90_000): Promise<string> {
  const startedAt = new Date().toISOString()
  return await until(
    `${nodeId} to tell of ${CARDS} cards up to ${startedAt}`,
    withinMs,
    async () => {
      const timelines = await site.timelines(nodeId).catch(() => [])
      if (timelines.length !== CARDS) return null
      if (timelines.some(({ toldTo }) => toldTo === null || toldTo < startedAt)) return null
      for (const { acceleratorId, segments } of timelines) {
        const seams = segments.slice(1).filter(({ from }, at) => from !== segments[at]?.to)
        if (seams.length > 0) {
          throw new Error(`${acceleratorId} has a gap at ${seams[0]?.from}`)
        }
      }
      const segments = timelines.flatMap((one) => one.segments)
      const states = [...new Set(segments.map(({ state }) => state))].sort()
      return `${timelines.length} cards, ${segments.length} segments without a gap: ${states.join(', ')}`
    },
  )
}
