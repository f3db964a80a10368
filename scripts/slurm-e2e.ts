/**
 * `npm run slurm-e2e`: the owner probe against a real Slurm (munged, slurmctld, slurmd), step by
 * step, and how many RPCs it cost. Needs root and Debian's packages; says so where they are missing.
 */
import { parseArgs } from 'node:util'
import { SlurmRig } from './slurm/rig.ts'
import { SlurmSite, siteHindrance } from './slurm/site.ts'
import { runStep, STEPS } from './slurm/steps.ts'

const USAGE = `npm run slurm-e2e -- [--only WORD]

Starts a Slurm of its own on loopback, in a temporary folder, and checks the owner probe against it.
Needs root, and: apt-get install slurmctld slurmd slurm-client munge

  --only WORD   only the steps whose name contains WORD`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})
const hindrance = siteHindrance()
if (values.help) {
  console.log(USAGE)
} else if (hindrance !== null) {
  console.error(`no Slurm can be started: ${hindrance}`)
  process.exitCode = 2
} else {
  process.exitCode = await check(values.only)
}

/** The exit code: 0 when every step held. */
async function check(only: string): Promise<number> {
  await using site = new SlurmSite()
  await site.start()
  const truth = site.isConstrained ? 'the kernel (ConstrainDevices)' : 'gres.conf alone'
  console.log(`a Slurm runs in ${site.folder}; what a job has is checked against ${truth}`)
  await using rig = new SlurmRig(site)
  let failures = 0
  for (const step of STEPS.filter(({ name }) => name.includes(only))) {
    try {
      await runStep(rig, step)
      console.log(`ok    ${step.name}`)
    } catch (error) {
      failures += 1
      console.error(`FAIL  ${step.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const { sent, allowed } = rig.rpcs()
  console.log(`${sent} RPCs to slurmctld, at one per 15 s ${allowed} would have been allowed`)
  return failures === 0 ? 0 : 1
}
