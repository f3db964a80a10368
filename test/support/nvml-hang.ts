/**
 * Run as a process of its own: reads through the stub library, makes it hang, reads on, notes what
 * it saw, and ends itself with SIGKILL, because a hung native call holds every other exit.
 *
 * Arguments: folder of fake tools, stub library, its settings file.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { createToolRunner } from '../../agent/src/exec.ts'
import { NvidiaProbe } from '../../agent/src/probes/nvidia/probe.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'

const [, , toolFolder = '', library = '', settings = ''] = process.argv
const { clock } = createRealWorld()
const exec = createToolRunner({ clock, toolPath: [toolFolder], env: { PATH: '/usr/bin:/bin' } })
const probe = new NvidiaProbe(
  {
    exec,
    clock,
    log: silentLogger,
    rootPrefix: dirname(toolFolder),
    toolPath: [toolFolder],
    nvmlLibrary: library,
  },
  { nvmlCallDeadlineMs: 500 },
)

async function look() {
  const sample = await probe.sample()
  return sample.status === 'ok'
    ? { tool: sample.tool, cards: sample.readings.length }
    : { tool: sample.sentence, cards: 0 }
}

const before = await look()
appendFileSync(settings, 'hang_memory 1\n')
const after = await look()
const again = await look()
const seen = { before, after, again, isHung: probe.isHung }
writeFileSync(join(dirname(toolFolder), 'hang.json'), JSON.stringify(seen))
exec.stop()
process.kill(process.pid, 'SIGKILL')
