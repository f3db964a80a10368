/** The .tar.gz: install.sh and uninstall.sh, as a person and as Ansible run them. */
import { basename } from 'node:path'
import type { Machine } from './machine.ts'
import { CountingProxy } from './proxy.ts'
import { expect, expectMatch, type Report } from './report.ts'
import { setSpoolFormat } from './service.ts'
import { differences, foreign, tracesOf } from './traces.ts'
import { VARIANTS, type Variant, type VariantFiles } from './variants.ts'

export async function checkTarball(
  report: Report,
  machine: Machine,
  variants: Readonly<Record<Variant, VariantFiles>>,
  config: string,
): Promise<void> {
  const { container, site } = machine
  const before = await tracesOf(container)
  const folder = (variant: Variant) => `/root/${basename(variants[variant].tarball, '.tar.gz')}`
  for (const variant of ['own', 'next', 'broken'] as const) {
    container.put(variants[variant].tarball, `/root/${variant}.tar.gz`)
    await container.run(`tar -xzf ${variant}.tar.gz`)
  }
  const install = (variant: Variant, args = '', env = {}) =>
    container.sh(`${folder(variant)}/install.sh ${args}`, env)
  const token = await site.token(1)
  const enroll = `--collector ${site.url} --token ${token} --name boot-2`

  await report.step('install.sh: wrong usage is told, exit code 2', async () => {
    for (const args of ['--nonsense', '--collector', '--token x', '--image', `--ca /nowhere`]) {
      expect(`the exit code of ${args}`, (await install('own', args)).exitCode, 2)
    }
    const quoted = `--collector "ws://x; rm -rf /" --token ${token}`
    expect('the exit code of a collector that is none', (await install('own', quoted)).exitCode, 2)
    return undefined
  })
  await report.step('install.sh: machines that are not supported, exit code 3', async () => {
    const said: string[] = []
    for (const [tool, answer] of [
      ['uname', '[ "$1" = -m ] && echo loongarch64 || echo Linux'],
      ['uname', '[ "$1" = -m ] && echo riscv64 || echo Linux'],
      ['getconf', 'echo glibc 2.17'],
      ['getconf', 'exit 1'],
    ] as const) {
      container.write(`/root/fakes/${tool}`, `#!/bin/sh\n${answer}\n`, 0o755)
      const PATH = '/root/fakes:/usr/sbin:/usr/bin:/sbin:/bin'
      const { exitCode, text } = await install('own', enroll, { PATH })
      await container.run('rm -r /root/fakes')
      expect(`the exit code with ${answer}`, exitCode, 3)
      said.push(text.trim().replace('install.sh: ', ''))
    }
    return said.join('; ')
  })
  await report.step('install.sh --check: says what is to be done, exit code 10', async () => {
    const { exitCode, text } = await install('own', `${enroll} --check`)
    expect('the exit code', exitCode, 10)
    const lines = differences(before, await tracesOf(container))
    if (lines.length > 0) throw new Error(`it changed ${lines.join('\n')}`)
    return text.trim()
  })
  await report.step('install.sh: a wrong token is told, exit code 1', async () => {
    const revoked = await site.revokedToken()
    const { exitCode, text } = await install('own', `--collector ${site.url} --token ${revoked}`)
    expect('the exit code', exitCode, 1)
    expectMatch(text, /yiben-agent: token_revoked: /)
    expectMatch(text, /could not be enrolled; the agent is installed, run this again/)
    return undefined
  })
  await report.step('install.sh: a collector that is not there is told, exit code 1', async () => {
    const { exitCode, text } = await install('own', `--collector ws://127.0.0.1:9 --token ${token}`)
    expect('the exit code', exitCode, 1)
    expectMatch(text, /connection_failed: /)
    return undefined
  })
  await report.step('install.sh: one command enrolls, starts and says what it found', async () => {
    container.write('/etc/yiben/agent.yaml', config, 0o640)
    await container.run('chgrp yiben-agent /etc/yiben/agent.yaml')
    const { exitCode, text } = await install('own', enroll)
    if (exitCode !== 0) throw new Error(text)
    expectMatch(text, /NVIDIA H800/)
    await machine.isRunning()
    return machine.reports()
  })
  await report.step('install.sh: once more changes nothing', async () => {
    const pid = await machine.mainPid()
    const node = machine.nodeId()
    const traces = await tracesOf(container)
    const { exitCode, text } = await install('own', enroll)
    if (exitCode !== 0) throw new Error(text)
    expect('the process', await machine.mainPid(), pid)
    expect('the node', machine.nodeId(), node)
    const lines = differences(traces, await tracesOf(container))
    // Its records go on meanwhile.
    const changed = lines.filter((line) => !line.includes('/var/lib/yiben-agent/'))
    if (changed.length > 0) throw new Error(changed.join('\n'))
    const { exitCode: todo } = await install('own', `${enroll} --check`)
    expect('the exit code of --check', todo, 0)
    return undefined
  })
  await report.step('install.sh --proxy: the agent goes through it', async () => {
    await using proxy = await CountingProxy.start()
    const args = `${enroll} --proxy ${proxy.url}`
    expect('the exit code of --check', (await install('own', `${args} --check`)).exitCode, 10)
    const { exitCode, text } = await install('own', args)
    if (exitCode !== 0) throw new Error(text)
    const said = await machine.reports()
    if (proxy.connections === 0) throw new Error('nothing went through the proxy')
    expect('the exit code of --check', (await install('own', `${args} --check`)).exitCode, 0)
    container.write('/etc/yiben/agent.yaml', config, 0o640)
    await container.run('chgrp yiben-agent /etc/yiben/agent.yaml')
    await container.run('systemctl restart yiben-agent.service')
    return said
  })
  await report.step('install.sh: an upgrade keeps node, records and options', async () => {
    const node = machine.nodeId()
    const { exitCode, text } = await install('next', enroll)
    if (exitCode !== 0) throw new Error(text)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    expect('the node', machine.nodeId(), node)
    expect('the options', container.read('/etc/yiben/agent.yaml'), config)
    return machine.reports()
  })
  await report.step('install.sh: a version that ends at once is rolled back', async () => {
    const { exitCode, text } = await install('broken', enroll)
    expect('the exit code', exitCode, 1)
    expectMatch(text, /0\.9\.0 did not become ready: 0\.8\.0 was put back and runs/)
    expect('the version', (await machine.status()).agentVersion, VARIANTS.next.version)
    return machine.reports()
  })
  await report.step('install.sh: an older version is not put over newer records', async () => {
    await setSpoolFormat(machine, 99)
    const { exitCode, text } = await install('own', enroll)
    expect('the exit code', exitCode, 1)
    expectMatch(text, /the spool in \/var\/lib\/yiben-agent has format 99/)
    await setSpoolFormat(machine, 1)
    await container.run('systemctl start yiben-agent.service')
    return machine.reports()
  })
  await report.step('install.sh: killed at any moment, the next run mends it', async () => {
    for (const [at, seconds] of [0.1, 0.3, 0.6, 1, 2, 4].entries()) {
      const variant = at % 2 === 0 ? 'own' : 'next'
      await container.sh(`timeout --signal KILL ${seconds} ${folder(variant)}/install.sh ${enroll}`)
      const { exitCode, text } = await install(variant, enroll)
      if (exitCode !== 0) throw new Error(text)
      expect('the version', (await machine.status()).agentVersion, VARIANTS[variant].version)
      expect('the exit code of --check', (await install(variant, '--check')).exitCode, 0)
    }
    return machine.reports()
  })
  await report.step('install.sh: killed and then broken, the last good version runs', async () => {
    const killed = `timeout --signal KILL 2 ${folder('own')}/install.sh ${enroll}`
    await container.sh(killed)
    const { exitCode } = await install('broken', enroll)
    expect('the exit code', exitCode, 1)
    await machine.isRunning()
    const { exitCode: last, text } = await install('next', enroll)
    if (last !== 0) throw new Error(text)
    return machine.reports()
  })
  await report.step('install.sh: nothing lies outside of its directories', async () => {
    const lines = foreign(differences(before, await tracesOf(container)))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })
  await report.step('uninstall.sh: keeps the key, and the node comes back with it', async () => {
    const node = machine.nodeId()
    await container.run(`${folder('own')}/uninstall.sh`)
    expectMatch((await container.sh('systemctl cat yiben-agent.service')).text, /No files found/)
    const { exitCode, text } = await install('own', enroll)
    if (exitCode !== 0) throw new Error(text)
    expect('the node', machine.nodeId(), node)
    return machine.reports()
  })
  await report.step('uninstall.sh --purge: leaves nothing', async () => {
    await container.run(`${folder('own')}/uninstall.sh --purge`)
    const lines = differences(before, await tracesOf(container))
    if (lines.length > 0) throw new Error(lines.join('\n'))
    return undefined
  })
}
