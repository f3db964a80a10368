/**
 * The owner probe against a real Slurm: cards are given, taken back and withdrawn by slurmctld, and
 * what a job has is checked against what the kernel lets it open (`npm run slurm-e2e` is the same).
 */
import { afterAll, beforeAll, describe, test } from 'vitest'
import { SlurmRig } from '../../scripts/slurm/rig.ts'
import { SlurmSite, siteHindrance } from '../../scripts/slurm/site.ts'
import { runStep, STEPS } from '../../scripts/slurm/steps.ts'

const STEP_MS_MAX = 180_000
const hindrance = siteHindrance()

describe.skipIf(hindrance !== null)(
  `possession by Slurm${hindrance === null ? '' : `: ${hindrance}`}`,
  () => {
    let site: SlurmSite
    let rig: SlurmRig

    beforeAll(async () => {
      site = new SlurmSite()
      await site.start()
      rig = new SlurmRig(site)
    }, STEP_MS_MAX)
    afterAll(async () => {
      await rig?.[Symbol.asyncDispose]()
      await site?.[Symbol.asyncDispose]()
    }, STEP_MS_MAX)

    test.each(STEPS)('$name', (step) => runStep(rig, step), STEP_MS_MAX)
  },
)
