/**
 * Why this program is being stopped, for its last word. Whoever asks is answered within a second;
 * where nobody can tell, it is an ordinary stop.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Goodbye } from '@yiben/shared'
import type { ToolRunner } from './probes/probe.ts'

/** systemd answers in some ms; while the machine goes down nobody waits for it. */
const ANSWER_MS_MAX = 1_000
/** One line for each of the two. */
const OUTPUT_BYTES_MAX = 4_096
/** Targets behind which there is another boot. After `soft-reboot.target` it is still the same. */
const BOOT_TARGETS = ['reboot.target', 'kexec.target'] as const
/** Job number, unit, type, state. */
const BOOT_JOB = /^\s*\d+\s+(?:reboot|kexec)\.target\s+start\b/m

/** `executable`: the Node.js that runs this, `HOME/bin/node` in a package. */
export async function stopReasonOf(
  executable: string,
  run: ToolRunner['run'],
): Promise<Goodbye['reason']> {
  if (isUpgrade(executable)) return 'upgrade'
  return (await isReboot(run)) ? 'reboot' : 'stop'
}

/**
 * Every installer keeps the version that was there beside it, as `NAME.old`, from before anything
 * changes until the new one has become ready (`yiben_keep_old` of the packages).
 */
function isUpgrade(executable: string): boolean {
  return existsSync(`${dirname(dirname(executable))}.old`)
}

/**
 * A service is stopped by the job that takes the machine down, which waits for it: systemd tells
 * anybody which one that is, for as long as D-Bus is there (`After=dbus.service` in our unit).
 */
async function isReboot(run: ToolRunner['run']): Promise<boolean> {
  const said = await run({
    tool: 'systemctl',
    args: ['list-jobs', '--no-legend', '--no-pager', ...BOOT_TARGETS],
    deadlineMs: ANSWER_MS_MAX,
    outputBytesMax: OUTPUT_BYTES_MAX,
  })
  return said.status === 'exited' && BOOT_JOB.test(said.stdout)
}
