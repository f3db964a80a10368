/**
 * A network of namespaces of this kernel's own: a collector's and a few machines', each with an
 * address, joined by a router. Between each machine and the router lies a wire that can be bad
 * (wire.c). Nothing of it touches the network of this machine; all of it goes with `dispose`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { C_COMPILER } from '../../test/support/nvml-stub.ts'

const IP = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].find((path) => existsSync(path)) ?? null
const SOURCE = join(import.meta.dirname, 'wire.c')
const COLLECTOR_NET = 100
export const COLLECTOR_NAME = 'collector.test'

/** Why there can be no such network here; `null` where there can. */
export function netHindrance(): string | null {
  if (process.platform !== 'linux') return 'namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'namespaces of the network take root'
  if (IP === null) return 'there is no ip command (iproute2)'
  if (C_COMPILER === null) return 'there is no C compiler (cc, gcc, clang) for the bad wire'
  const name = `yb${process.pid}-try`
  const made = spawnSync(IP, ['netns', 'add', name], { encoding: 'utf8' })
  if (made.status !== 0) return `no namespace can be made: ${made.stderr.trim()}`
  spawnSync(IP, ['netns', 'del', name])
  return null
}

/** Between one machine and the router. */
export class Wire {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(child: ChildProcess) {
    this.#child = child
    if (child.stdout === null) throw new Error('the wire says nothing')
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Frames lost so far. */
  async set(change: {
    readonly loss?: number
    readonly delay?: number
    readonly mtu?: number
    readonly cut?: 0 | 1
  }): Promise<number> {
    let lost = 0
    for (const [word, value] of Object.entries(change)) {
      this.#child.stdin?.write(`${word} ${value}\n`)
      const answer = await this.#answers.next()
      if (answer.done === true) throw new Error('the wire has ended')
      lost = Number(answer.value.split(' ')[1])
    }
    return lost
  }

  heal(): Promise<number> {
    return this.set({ loss: 0, delay: 0, mtu: 0, cut: 0 })
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

export class Net implements Disposable {
  readonly wires: Wire[] = []
  readonly #tag = `yb${process.pid}`
  readonly #spaces: string[] = []
  readonly #program: string
  /** Last part of each address, which can change. */
  readonly #hosts: number[] = []
  #collectorHost = 2

  /** `folder`: for the program of the wire. */
  constructor(folder: string, machines: number) {
    this.#program = join(folder, 'wire')
    const built = spawnSync(C_COMPILER ?? 'cc', ['-O1', '-o', this.#program, SOURCE], {
      encoding: 'utf8',
    })
    if (built.status !== 0) throw new Error(`wire.c does not build: ${built.stderr}`)
    try {
      this.#lay(machines)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** For `sh -c`: runs a program as a machine, or as the collector. */
  wrapper(of: number | 'collector'): string {
    return `exec ${IP} netns exec ${of === 'collector' ? this.#space('c') : this.#machine(of)} "$@"`
  }

  /** The machine gets another address; what is open under the old one is dead, and nobody is told. */
  moveMachine(machine: number): void {
    const before = this.#hosts[machine] ?? 2
    const host = before + 1
    this.#hosts[machine] = host
    this.#address(this.#machine(machine), machine + 1, { before, host })
  }

  moveCollector(): void {
    const before = this.#collectorHost
    this.#collectorHost += 1
    this.#address(this.#space('c'), COLLECTOR_NET, { before, host: this.#collectorHost })
    this.#nameCollector()
  }

  [Symbol.dispose](): void {
    for (const wire of this.wires) wire.end()
    for (const space of this.#spaces) {
      spawnSync(IP ?? 'ip', ['netns', 'del', space])
      rmSync(join('/etc/netns', space), { recursive: true, force: true })
    }
  }

  #lay(machines: number): void {
    for (const name of ['r', 'w', 'c']) this.#addSpace(this.#space(name))
    for (let at = 0; at < machines; at += 1) this.#addSpace(this.#machine(at))
    const [router, wires] = [this.#space('r'), this.#space('w')]
    this.#join([router, 'c0'], [this.#space('c'), 'eth0'])
    this.#end(router, 'c0', `10.77.${COLLECTOR_NET}.1/24`)
    this.#endOfHost(this.#space('c'), COLLECTOR_NET, this.#collectorHost)
    for (let at = 0; at < machines; at += 1) {
      this.#join([this.#machine(at), 'eth0'], [wires, `a${at}`])
      this.#join([router, `r${at}`], [wires, `b${at}`])
      this.#end(router, `r${at}`, `10.77.${at + 1}.1/24`)
      this.#hosts.push(2)
      this.#endOfHost(this.#machine(at), at + 1, 2)
      for (const name of [`a${at}`, `b${at}`]) this.#ip(['-n', wires, 'link', 'set', name, 'up'])
      const args = ['netns', 'exec', wires, this.#program, `a${at}`, `b${at}`]
      this.wires.push(new Wire(spawn(IP ?? 'ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })))
    }
    this.#in(router, ['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    this.#nameCollector()
  }

  /** Each namespace has a hosts file of its own, which running programs see change. */
  #nameCollector(): void {
    const line = `127.0.0.1 localhost\n10.77.${COLLECTOR_NET}.${this.#collectorHost} ${COLLECTOR_NAME}\n`
    for (const space of this.#spaces) writeFileSync(join('/etc/netns', space, 'hosts'), line)
  }

  #addSpace(name: string): void {
    this.#ip(['netns', 'add', name])
    this.#spaces.push(name)
    mkdirSync(join('/etc/netns', name), { recursive: true })
    writeFileSync(join('/etc/netns', name, 'hosts'), '')
    this.#ip(['-n', name, 'link', 'set', 'lo', 'up'])
  }

  #join([left, leftName]: readonly string[], [right, rightName]: readonly string[]): void {
    const peer = ['peer', 'name', rightName ?? '', 'netns', right ?? '']
    this.#ip(['link', 'add', leftName ?? '', 'netns', left ?? '', 'type', 'veth', ...peer])
  }

  #endOfHost(space: string, subnet: number, host: number): void {
    this.#end(space, 'eth0', `10.77.${subnet}.${host}/24`)
    this.#ip(['-n', space, 'route', 'add', 'default', 'via', `10.77.${subnet}.1`])
  }

  #end(space: string, name: string, address: string): void {
    this.#ip(['-n', space, 'addr', 'add', address, 'dev', name])
    this.#ip(['-n', space, 'link', 'set', name, 'up'])
    this.#in(space, [this.#program, 'plain', name])
  }

  #address(
    space: string,
    subnet: number,
    { before, host }: { readonly before: number; readonly host: number },
  ): void {
    const net = `10.77.${subnet}`
    // The first address of a subnet takes the others with it when it goes.
    this.#ip(['-n', space, 'addr', 'del', `${net}.${before}/24`, 'dev', 'eth0'])
    this.#ip(['-n', space, 'addr', 'add', `${net}.${host}/24`, 'dev', 'eth0'])
    this.#ip(['-n', space, 'route', 'replace', 'default', 'via', `${net}.1`])
  }

  #space(name: string): string {
    return `${this.#tag}-${name}`
  }

  #machine(at: number): string {
    return this.#space(`n${at}`)
  }

  #in(space: string, command: readonly string[]): void {
    this.#ip(['netns', 'exec', space, ...command])
  }

  #ip(args: readonly string[]): void {
    const done = spawnSync(IP ?? 'ip', args, { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr.trim()}`)
  }
}
