/** What the packaged agent costs its machine, at its usual pace of a sample per 10 s. */
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuTimeOf, pssMibOf } from '../bench/support/process-cost.ts'
import { Container } from './container.ts'
import { Machine } from './machine.ts'
import type { Report } from './report.ts'
import type { Site } from './site.ts'
import type { VariantFiles } from './variants.ts'

const PSS_MIB_MAX = 64
const CPU_PERCENT_MAX = 0.3
/** A minute after its start the agent lets go of what only the start has needed. */
const SETTLE_MS = 75_000
const LOOK_EVERY_MS = 5_000

export async function measureFootprint(
  report: Report,
  options: {
    readonly base: string
    readonly folder: string
    readonly site: Site
    readonly own: VariantFiles
    readonly seconds: number
  },
): Promise<void> {
  const { base, folder, site, own, seconds } = options
  await using container = Container.copyOf(base, { folder, name: 'footprint' })
  const machine = new Machine(container, site)
  const config = machine.plugCards('d1', ['deposit: { enabled: true, calendar: always }'])
  const pss: number[] = []
  let cpuPercent = 0
  await report.step('footprint: installed and enrolled', async () => {
    await container.boot()
    container.put(own.deb, `/root/${basename(own.deb)}`)
    await container.run(`dpkg --install ${basename(own.deb)}`)
    container.write('/etc/yiben/agent.yaml', config, 0o640)
    await container.run('chgrp yiben-agent /etc/yiben/agent.yaml')
    const token = await site.token(1)
    await container.run(`yiben-agent enroll --collector ${site.url} --token ${token}`)
    await container.run('systemctl start yiben-agent.service')
    await delay(SETTLE_MS)
    const pid = container.hostPid(await machine.mainPid())
    const before = cpuTimeOf(pid).ownMs
    const startedAtMs = performance.now()
    while (performance.now() - startedAtMs < seconds * 1000) {
      await delay(LOOK_EVERY_MS)
      pss.push(pssMibOf(pid))
    }
    const elapsedMs = performance.now() - startedAtMs
    cpuPercent = (100 * (cpuTimeOf(pid).ownMs - before)) / elapsedMs
    return machine.reports()
  })
  console.log(`        PSS in MiB: ${pss.map((mib) => mib.toFixed(1)).join(' ')}`)
  const sorted = pss.toSorted((left, right) => left - right)
  const [most = 0, median = 0] = [sorted.at(-1), sorted[Math.floor(sorted.length / 2)]]
  await report.step(`footprint: at most ${PSS_MIB_MAX} MiB PSS with 8 cards`, async () => {
    const figure = `at most ${most.toFixed(1)} MiB, median ${median.toFixed(1)} MiB in ${seconds} s`
    if (pss.length === 0 || most > PSS_MIB_MAX) throw new Error(figure)
    return figure
  })
  await report.step(`footprint: at most ${CPU_PERCENT_MAX} % of a core`, async () => {
    const figure = `${cpuPercent.toFixed(2)} %`
    if (pss.length === 0 || cpuPercent > CPU_PERCENT_MAX) throw new Error(figure)
    return figure
  })
}
