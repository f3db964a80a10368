/**
 * The .rpm, by rpm itself but on Debian, whose libraries rpm knows nothing of: `--nodeps`. What an
 * rpm-based system makes of its dependencies is not tried here.
 */
import { basename } from 'node:path'
import type { Machine } from './machine.ts'
import { expect, expectMatch, type Report } from './report.ts'
import { setSpoolFormat } from './service.ts'
import { differences, foreign, tracesOf } from './traces.ts'
import { VARIANTS, type Variant, type VariantFiles } from './variants.ts'

export async function checkRpm(
  report: Report,
  machine: Machine,
  variants: Readonly<Record<Variant, VariantFiles>>,
  config: string,
): Promise<void> {
  const { container, site } = machine
  await container.run('rpm --initdb && rpm --query --all')
  const before = await tracesOf(container)
  const file = (variant: Variant) => `/root/${basename(variants[variant].rpm)}`
  for (const variant of ['own', 'next', 'broken'] as const) {
    container.put(variants[variant].rpm, file(variant))
  }
  const install = (variant: Variant, how = '--upgrade') =>
    container.sh(`rpm ${how} --nodeps ${file(variant)}`)

  await report.step('rpm: installs, enrolls and runs', async () => {
    const { exitCode, text } = await install('own', '--install')
    if (exitCode !== 0) throw new Error(text)
    expectMatch(text, /yiben-agent enroll --collector/)
    container.write('/etc/yiben/agent.yaml', config, 0o640)
    await container.run('chgrp yiben-agent /etc/yiben/agent.yaml')
    const token = await site.token(1)
    await container.run(`yiben-agent enroll --collector ${site.url} --token ${token} --name boot-3`)
    await container.run('systemctl start yiben-agent.service')
    await machine.isRunning()
    return machine.reports()
  })
  await report.step('rpm: an upgrade keeps node, records and options', async () => {
    const node = machine.nodeId()
    const { exitCode, text } = await install('next')
    if (exitCode !== 0) throw new Error(text)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    expect('the node', machine.nodeId(), node)
    expect('the options', container.read('/etc/yiben/agent.yaml'), config)
    return machine.reports()
  })
  await report.step('rpm: a version that ends at once is rolled back', async () => {
    const { exitCode, text } = await install('broken')
    expectMatch(text, /0\.9\.0 did not become ready: 0\.8\.0 was put back and runs/)
    await machine.isRunning()
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    await machine.reports()
    const listed = await container.run('rpm --query yiben-agent')
    return `rpm ends with ${exitCode} and lists ${listed}`
  })
  await report.step('rpm: an older version is not put over newer records', async () => {
    await setSpoolFormat(machine, 99)
    const { exitCode, text } = await install('own', '--upgrade --oldpackage')
    if (exitCode === 0) throw new Error('it was installed')
    expectMatch(text, /the spool in \/var\/lib\/yiben-agent has format 99/)
    await setSpoolFormat(machine, 1)
    return undefined
  })
  await report.step('rpm: after a rollback a good version installs', async () => {
    await container.run('systemctl start yiben-agent.service')
    const { exitCode, text } = await install('own', '--upgrade --oldpackage')
    if (exitCode !== 0) throw new Error(text)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.own.version)
    return machine.reports()
  })
  await report.step('rpm: nothing lies outside of its directories', async () => {
    const lines = foreign(differences(before, await tracesOf(container)))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })
  await report.step('rpm: erased, it leaves the key, the records and the options', async () => {
    await container.run('rpm --erase yiben-agent')
    const paths = differences(before, await tracesOf(container))
      .map((line) => line.slice(2).replace(/^sum:/, ''))
      .filter((path) => !/^(passwd|group):|^\/etc\/(passwd|group|shadow|gshadow)/.test(path))
      .filter((path) => !/^\/(var\/lib\/yiben-agent|etc\/yiben)(\/|$)/.test(path))
    if (paths.length > 0) throw new Error(paths.join('\n'))
    await container.run('rm -rf /var/lib/yiben-agent /etc/yiben && userdel yiben-agent')
    const lines = differences(before, await tracesOf(container))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })
}
