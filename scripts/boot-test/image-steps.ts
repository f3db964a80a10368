/** An image made with `install.sh --image`, copied to two machines: each is a node of its own (C10). */
import { basename, join } from 'node:path'
import { Container } from './container.ts'
import { Machine } from './machine.ts'
import { expect, expectMatch, type Report } from './report.ts'
import type { Site } from './site.ts'
import type { VariantFiles } from './variants.ts'

export async function checkImage(
  report: Report,
  options: {
    readonly base: string
    readonly folder: string
    readonly site: Site
    readonly own: VariantFiles
    readonly pace: readonly string[]
  },
): Promise<void> {
  const { base, folder, site, own, pace } = options
  await using image = Container.copyOf(base, { folder, name: 'image' })
  const machine = new Machine(image, site)
  const script = `/root/${basename(own.tarball, '.tar.gz')}/install.sh`
  const token = await site.token(2)
  const args = `--image --collector ${site.url} --token ${token}`

  await report.step('image: install.sh --image enrolls nothing and starts nothing', async () => {
    image.put(own.tarball, '/root/own.tar.gz')
    image.write('/etc/yiben/agent.yaml', machine.plugCards('c1', pace), 0o640)
    await image.boot()
    await image.run('tar -xzf own.tar.gz')
    expect('the exit code of --check', (await image.sh(`${script} ${args} --check`)).exitCode, 10)
    expectMatch(await image.run(`${script} ${args}`), /enrolls at its first boot/)
    expect('the exit code of --check', (await image.sh(`${script} ${args} --check`)).exitCode, 0)
    expectMatch((await image.sh('ls /var/lib/yiben-agent/enrollment.json')).text, /No such file/)
    expectMatch((await image.sh('systemctl is-active yiben-agent')).text, /inactive/)
    expectMatch(await image.run("stat --format '%U %a' /etc/yiben/enroll.env"), /^root 600$/)
    await image.stop()
    return undefined
  })
  await report.step('image: two copies enroll by themselves, as two nodes', async () => {
    const nodes: string[] = []
    for (const [name, hardware] of [
      ['copy-1', 'c2'],
      ['copy-2', 'c3'],
    ] as const) {
      await using copy = Container.copyOf(join(folder, 'image'), { folder, name })
      const one = new Machine(copy, site)
      one.plugCards(hardware, pace)
      await copy.boot()
      await copy.becomes('ls /var/lib/yiben-agent', /enrollment\.json/)
      await one.isRunning()
      await one.reports()
      expectMatch((await copy.sh('ls /etc/yiben/enroll.env')).text, /No such file/)
      nodes.push(one.nodeId())
      await copy.reboot()
      await one.isRunning()
      expect('the node after a reboot', one.nodeId(), nodes.at(-1))
    }
    if (new Set(nodes).size !== 2) throw new Error(`they are ${nodes.join(' and ')}`)
    return nodes.join(' and ')
  })
}
