/**
 * `npm run boot-test`: the agent's packages in a real Debian booted by systemd-nspawn, reporting to
 * a real collector on this host: installed from the .deb, the .tar.gz and the .rpm, enrolled, killed,
 * hung, rebooted, upgraded, rolled back, uninstalled, copied as an image. Needs root; takes some
 * minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Container } from './boot-test/container.ts'
import { checkDeb } from './boot-test/deb-steps.ts'
import { baseDebian, hindrance } from './boot-test/debian.ts'
import { measureFootprint } from './boot-test/footprint.ts'
import { checkImage } from './boot-test/image-steps.ts'
import { Machine } from './boot-test/machine.ts'
import { Report } from './boot-test/report.ts'
import { checkRpm } from './boot-test/rpm-steps.ts'
import { Site } from './boot-test/site.ts'
import { checkTarball } from './boot-test/tarball-steps.ts'
import { buildVariants } from './boot-test/variants.ts'

const PARTS = ['deb', 'tarball', 'rpm', 'image', 'footprint'] as const
/** Only root may write here: what lies in it is run as root. */
const CACHE = '/var/cache/yiben-boot-test'
/** Seconds instead of minutes. */
const PACE = [
  'sample_period: 1s',
  'tick: 1s',
  'heartbeat: 1s',
  'deposit: { enabled: true, calendar: always, min_free: 2s }',
]

const USAGE = `npm run boot-test -- [--only PART]... [--footprint SECONDS] [--keep]

  --only PART          ${PARTS.join(', ')} (default: all but footprint)
  --footprint SECONDS  also measure memory and CPU of the packaged agent for so long
  --keep               leave the containers' folders where they are`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    footprint: { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const reason = hindrance()
if (values.help) console.log(USAGE)
else if (values.only.some((one) => !PARTS.some((part) => part === one))) {
  console.error(USAGE)
  process.exitCode = 2
} else if (reason !== null) {
  console.error(`no Debian can be booted here: ${reason}`)
  process.exitCode = 2
} else {
  process.exitCode = await check()
}

async function check(): Promise<number> {
  const report = new Report()
  const base = baseDebian(CACHE)
  const folder = mkdtempSync(join(CACHE, 'run-'))
  const isWanted = (part: (typeof PARTS)[number]) =>
    values.only.length === 0 ? part !== 'footprint' : values.only.includes(part)
  const seconds = Number(values.footprint)
  try {
    console.log('building the packages of this checkout and of three made-up versions')
    const variants = await buildVariants(folder)
    await using site = await Site.start(folder)
    for (const [part, checks, hardware] of [
      ['deb', checkDeb, 'b1'],
      ['tarball', checkTarball, 'b2'],
      ['rpm', checkRpm, 'b3'],
    ] as const) {
      if (!isWanted(part)) continue
      await using container = Container.copyOf(base, { folder, name: part })
      const machine = new Machine(container, site)
      const config = machine.plugCards(hardware, PACE)
      await container.boot()
      await checks(report, machine, variants, config)
    }
    if (isWanted('image')) {
      await checkImage(report, { base, folder, site, own: variants.own, pace: PACE })
    }
    if (seconds > 0 || isWanted('footprint')) {
      await measureFootprint(report, {
        ...{ base, folder, site, own: variants.own, seconds: seconds || 300 },
      })
    }
    return report.end()
  } finally {
    if (values.keep) console.log(`left in ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}
