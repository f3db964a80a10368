/** The .deb: from the first installation to the purge. */
import { basename } from 'node:path'
import type { Machine } from './machine.ts'
import { expect, expectMatch, type Report } from './report.ts'
import { checkService, dropIn, setSpoolFormat } from './service.ts'
import { differences, foreign, tracesOf } from './traces.ts'
import { VARIANTS, type Variant, type VariantFiles } from './variants.ts'

export async function checkDeb(
  report: Report,
  machine: Machine,
  variants: Readonly<Record<Variant, VariantFiles>>,
  config: string,
): Promise<void> {
  const { container, site } = machine
  const before = await tracesOf(container)
  const file = (variant: Variant) => `/root/${basename(variants[variant].deb)}`
  for (const variant of ['own', 'next', 'broken', 'hung'] as const) {
    container.put(variants[variant].deb, file(variant))
  }
  const install = (variant: Variant) => container.sh(`dpkg --install ${file(variant)}`)
  const token = await site.token(1)

  await report.step('deb: installs, and says how to enroll', async () => {
    const { exitCode, text } = await install('own')
    expect('the exit code', exitCode, 0)
    expectMatch(text, /yiben-agent enroll --collector/)
    const state = await container.run('systemctl show -p ActiveState -p UnitFileState yiben-agent')
    expectMatch(state, /ActiveState=inactive\nUnitFileState=enabled/)
    return undefined
  })
  await report.step('deb: installs again over itself', async () => {
    expect('the exit code', (await install('own')).exitCode, 0)
    return undefined
  })
  await report.step('enroll: a token that is mistyped or revoked is refused', async () => {
    const said: string[] = []
    for (const [wrong, code] of [
      [token.slice(0, -3), 'token_malformed'],
      [await site.revokedToken(), 'token_revoked'],
    ] as const) {
      const { exitCode, text } = await container.sh(
        `yiben-agent enroll --collector ${site.url} --token ${wrong}`,
      )
      expect('the exit code', exitCode, 1)
      expectMatch(text, new RegExp(`^yiben-agent: ${code}: `, 'm'))
      said.push(text.trim().replace('yiben-agent: ', ''))
    }
    return said.join('; ')
  })
  await report.step('enroll: a collector that is not there is named', async () => {
    const { exitCode, text } = await container.sh(
      `yiben-agent enroll --collector ws://127.0.0.1:9 --token ${token}`,
    )
    expect('the exit code', exitCode, 1)
    expectMatch(text, /connection_failed: .*127\.0\.0\.1:9/)
    return text.trim()
  })
  await report.step('deb: enrolls by root, and the daemon owns what was made', async () => {
    container.write('/etc/yiben/agent.yaml', config, 0o640)
    await container.run('chgrp yiben-agent /etc/yiben/agent.yaml')
    await container.run(`yiben-agent enroll --collector ${site.url} --token ${token} --name boot-1`)
    const owners = await container.run("find /var/lib/yiben-agent -printf '%u:%g %m\\n' | sort -u")
    expectMatch(owners, /^yiben-agent:yiben-agent 600\nyiben-agent:yiben-agent 700$/)
    await container.run('systemctl start yiben-agent.service')
    return undefined
  })
  await checkService(report, machine)
  await report.step('deb: an upgrade keeps node, records and options', async () => {
    const node = machine.nodeId()
    const since = new Date().toISOString()
    const { exitCode, text } = await install('next')
    if (exitCode !== 0) throw new Error(text)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    expect('the node', machine.nodeId(), node)
    expect('the options', container.read('/etc/yiben/agent.yaml'), config)
    await machine.hasUnknownSince(since, 'upgrade')
    return machine.reports()
  })
  await report.step('deb: a version that ends at once is rolled back', () => rollsBack('broken'))
  await report.step('deb: a version that never becomes ready is rolled back', async () => {
    // Sooner than in earnest.
    await dropIn(machine, 'TimeoutStartSec=8')
    try {
      return await rollsBack('hung')
    } finally {
      await dropIn(machine, null)
    }
  })
  await report.step('deb: after a rollback a good version installs', async () => {
    const { exitCode, text } = await install('next')
    if (exitCode !== 0) throw new Error(text)
    expectMatch(await container.run('dpkg --status yiben-agent'), /install ok installed/)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    return machine.reports()
  })
  await report.step('deb: an older version is not put over records it cannot read', async () => {
    await setSpoolFormat(machine, 99)
    const { exitCode, text } = await install('own')
    if (exitCode === 0) throw new Error('it was installed')
    expectMatch(
      text,
      /the spool in \/var\/lib\/yiben-agent has format 99, and 0\.\d\.\d reads up to \d+/,
    )
    expectMatch(await container.run('yiben-agent --version'), new RegExp(VARIANTS.next.version))
    await setSpoolFormat(machine, 1)
    await container.run('systemctl start yiben-agent.service')
    return machine.reports()
  })
  await report.step('deb: an older version that can read them goes back in', async () => {
    const { exitCode, text } = await install('own')
    if (exitCode !== 0) throw new Error(text)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.own.version)
    return machine.reports()
  })
  await report.step('deb: install.sh and uninstall.sh keep off it', async () => {
    container.put(variants.next.tarball, '/root/next.tar.gz')
    await container.run('mkdir tar && tar -xzf next.tar.gz -C tar --strip-components=1')
    for (const script of ['install.sh', 'uninstall.sh']) {
      const { exitCode, text } = await container.sh(`tar/${script}`)
      expect(`the exit code of ${script}`, exitCode, 1)
      expectMatch(text, /was installed by dpkg/)
    }
    return undefined
  })
  await report.step('deb: while installed nothing lies outside of its directories', async () => {
    const lines = foreign(differences(before, await tracesOf(container)))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })
  await report.step('deb: removed, it keeps the key and what was not sent', async () => {
    const node = machine.nodeId()
    await container.run('dpkg --remove yiben-agent')
    expect('the node', machine.nodeId(), node)
    expectMatch((await container.sh("pgrep -f '[y]iben-agent.mjs'")).text, /^$/)
    return undefined
  })
  await report.step('deb: purged, it leaves nothing', async () => {
    await container.run('dpkg --purge yiben-agent')
    const lines = differences(before, await tracesOf(container))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })

  async function rollsBack(variant: Variant): Promise<string> {
    const node = machine.nodeId()
    const { exitCode, text } = await install(variant)
    if (exitCode === 0) throw new Error('it was installed')
    const { version } = VARIANTS[variant]
    const back = VARIANTS.next.version
    expectMatch(text, new RegExp(`${version} did not become ready: ${back} was put back and runs`))
    await machine.isRunning()
    expect('the version', (await machine.status()).agentVersion, back)
    expect('the node', machine.nodeId(), node)
    return machine.reports()
  }
}
