/**
 * A small real Slurm site on this machine: munged, slurmctld and two slurmd in a folder and on ports
 * of their own, with device nodes that no driver stands behind. For the check of the owner probe.
 *
 * `typed` has its cards under a type, so Slurm tells which of them are in use; `plain` has them
 * without, so Slurm tells only how many. gres.conf names the files of both out of order.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const NODES = ['typed', 'plain'] as const
export type NodeName = (typeof NODES)[number]

/** The order of the files in gres.conf: index 0 is the first. */
export const FILE_NUMBERS = [2, 3, 0, 1] as const

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'scontrol', 'sbatch', 'salloc', 'scancel']
const START_MS_MAX = 20_000
const LOOK_EVERY_MS = 50
/** NVIDIA's own; without its driver an open that is allowed fails with ENXIO. */
const DEVICE_MAJOR = 195
const DEVICES_CGROUP = '/sys/fs/cgroup/devices'
const LOG_SHOWN = 4_000

/** Why no site can be made here; `null`: it can. */
export function siteHindrance(): string | null {
  const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0)
  if (missing.length > 0) {
    return `${missing.join(', ')} are not installed here (apt-get install slurmctld slurmd slurm-client munge)`
  }
  return process.getuid?.() === 0 ? null : 'slurmd and device nodes need root'
}

export class SlurmSite implements AsyncDisposable {
  readonly folder: string
  /** The kernel keeps jobs from cards that they were not given: what a job can open is the truth. */
  readonly isConstrained = existsSync(join(DEVICES_CGROUP, 'cgroup.procs'))
  readonly #children = new Map<string, ChildProcess>()
  #ports: readonly number[] = []

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'yiben-slurm-'))
  }

  get confDir(): string {
    return join(this.folder, 'etc')
  }

  deviceFile(number: number): string {
    return join(this.folder, 'dev', `nvidia${number}`)
  }

  async start(): Promise<void> {
    this.#ports = await freePorts(NODES.length + 1)
    for (const folder of ['etc', 'dev', 'ctld', 'log', 'run', 'out']) {
      mkdirSync(join(this.folder, folder), { mode: 0o755 })
    }
    for (const number of FILE_NUMBERS) {
      execFileSync('mknod', [this.deviceFile(number), 'c', `${DEVICE_MAJOR}`, `${number}`])
    }
    writeFileSync(
      join(this.folder, 'run/munge.key'),
      crypto.getRandomValues(new Uint8Array(1024)),
      {
        mode: 0o400,
      },
    )
    writeFileSync(join(this.confDir, 'slurm.conf'), this.#slurmConf())
    writeFileSync(join(this.confDir, 'gres.conf'), this.#gresConf())
    writeFileSync(
      join(this.confDir, 'cgroup.conf'),
      this.isConstrained ? 'CgroupPlugin=cgroup/v1\nConstrainDevices=yes\n' : '',
    )
    this.#startMunged()
    await this.until('munged answers', () => existsSync(join(this.folder, 'run/munge.sock')))
    await this.startController()
    for (const node of NODES) this.#spawn(`slurmd-${node}`, 'slurmd', ['-D', '-N', node])
    await this.until('both nodes are idle', () => this.#areNodesIdle())
  }

  async startController(): Promise<void> {
    this.#spawn('slurmctld', 'slurmctld', ['-D'])
    await this.until('slurmctld answers', () => this.#try('scontrol', ['ping']).includes('is UP'))
  }

  /** As a crash or a power cut ends it. */
  async killController(): Promise<void> {
    const child = this.#children.get('slurmctld')
    child?.kill('SIGKILL')
    await this.until('slurmctld has ended', () => child === undefined || hasEnded(child))
  }

  /** Runs a client of Slurm; its output. */
  command(tool: string, args: readonly string[]): string {
    return execFileSync(tool, args, { encoding: 'utf8', env: this.#environment(), stdio: 'pipe' })
  }

  /** Submits a job that writes down which cards it can open, and waits until it runs. */
  async submit(node: NodeName, args: readonly string[] = []): Promise<string> {
    const script = `for file in ${this.folder}/dev/nvidia*; do printf '%s ' $file; (: < $file) 2>&1 | tail -n 1; echo; done > ${this.folder}/out/$SLURM_JOB_ID.part
mv ${this.folder}/out/$SLURM_JOB_ID.part ${this.folder}/out/$SLURM_JOB_ID
exec sleep 600`
    const told = this.command('sbatch', [
      '--parsable',
      '-w',
      node,
      '-o',
      '/dev/null',
      ...args,
      '--wrap',
      script,
    ])
    const job = told.trim()
    await this.until(`job ${job} runs`, () => existsSync(join(this.folder, 'out', job)))
    return job
  }

  /** The files that a job could open; of an unconstrained site it is not known. */
  opened(job: string): readonly string[] | null {
    if (!this.isConstrained) return null
    const lines = readFileSync(join(this.folder, 'out', job), 'utf8').split('\n')
    return lines
      .filter((line) => line.includes('No such device or address'))
      .map((line) => line.split(' ')[0] ?? '')
  }

  /** Takes jobs back and waits until their steps have left their nodes. */
  async cancel(...jobs: readonly string[]): Promise<void> {
    this.command('scancel', jobs)
    await this.until('the jobs have ended', () =>
      NODES.every((node) =>
        this.#spoolNames(node).every(
          (name) => !jobs.some((job) => name.startsWith(`${node}_${job}.`)),
        ),
      ),
    )
  }

  /** Questions about nodes, jobs and partitions that slurmctld has worked on. */
  rpcCount(): number {
    const log = readFileSync(join(this.folder, 'log/slurmctld.log'), 'utf8')
    return [...log.matchAll(/Processing RPC: REQUEST_(NODE|JOB|PARTITION)_INFO/g)].length
  }

  /** After a step that failed: an idle site in service again, as far as it can be had. */
  async tidy(): Promise<void> {
    const controller = this.#children.get('slurmctld')
    if (controller === undefined || hasEnded(controller)) await this.startController()
    this.#try('scancel', ['-u', 'root'])
    this.#try('scontrol', ['delete', 'reservation', 'check'])
    for (const node of NODES) this.#try('scontrol', ['update', `nodename=${node}`, 'state=resume'])
    await this.until('both nodes are idle again', () => this.#areNodesIdle())
  }

  async until(what: string, isSo: () => boolean, withinMs = START_MS_MAX): Promise<void> {
    const looks = Math.ceil(withinMs / LOOK_EVERY_MS)
    for (let look = 0; look < looks; look += 1) {
      if (isSo()) return
      await delay(LOOK_EVERY_MS)
    }
    throw new Error(`waited in vain: ${what}\n${this.#logTails()}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#try('scancel', ['-u', 'root'])
    await delay(LOOK_EVERY_MS)
    for (const step of this.#stepProcesses()) kill(step)
    for (const [name, child] of this.#children) {
      child.kill(name === 'slurmctld' ? 'SIGKILL' : 'SIGTERM')
    }
    await this.until('all daemons have ended', () => [...this.#children.values()].every(hasEnded))
    for (const node of NODES) removeCgroups(`slurm_${node}`)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #spawn(name: string, program: string, args: readonly string[]): void {
    const child = spawn(program, args, { env: this.#environment(), stdio: 'ignore' })
    child.on('error', () => {})
    this.#children.set(name, child)
  }

  #startMunged(): void {
    const run = (name: string) => join(this.folder, 'run', name)
    this.#spawn('munged', 'munged', [
      '--foreground',
      '--force',
      `--key-file=${run('munge.key')}`,
      `--socket=${run('munge.sock')}`,
      `--pid-file=${run('munged.pid')}`,
      `--seed-file=${run('munged.seed')}`,
      `--log-file=${join(this.folder, 'log/munged.log')}`,
    ])
  }

  #areNodesIdle(): boolean {
    const told = this.#try('scontrol', ['-o', 'show', 'node'])
    return NODES.every((node) => new RegExp(`NodeName=${node} .*State=IDLE `).test(told))
  }

  #try(tool: string, args: readonly string[]): string {
    return spawnSync(tool, args, { encoding: 'utf8', env: this.#environment() }).stdout ?? ''
  }

  #environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, SLURM_CONF: join(this.confDir, 'slurm.conf') }
  }

  #spoolNames(node: NodeName): readonly string[] {
    const spool = join(this.folder, `spool-${node}`)
    return existsSync(spool) ? readdirSync(spool) : []
  }

  /** Of steps that outlive their cancelling; found by our folder on their command line. */
  #stepProcesses(): readonly number[] {
    const told = this.#try('scontrol', ['listpids'])
    return [...told.matchAll(/^(\d+)\s/gm)].map((match) => Number(match[1]))
  }

  #logTails(): string {
    return readdirSync(join(this.folder, 'log'))
      .map((name) => {
        const text = readFileSync(join(this.folder, 'log', name), 'utf8')
        return `---- ${name}\n${text.slice(-LOG_SHOWN)}`
      })
      .join('\n')
  }

  #slurmConf(): string {
    const { folder } = this
    const [controllerPort, ...nodePorts] = this.#ports
    const host = hostname()
    const nodes = NODES.map((node, at) => {
      const gres = node === 'typed' ? 'gpu:a100:4' : 'gpu:4'
      return `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodePorts[at]} CPUs=8 RealMemory=1000 Gres=${gres}`
    })
    return `ClusterName=yiben
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/run/munge.sock
CredType=cred/munge
SlurmctldPort=${controllerPort}
StateSaveLocation=${folder}/ctld
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
SlurmctldDebug=debug2
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=${this.isConstrained ? 'task/cgroup' : 'task/none'}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SchedulerParameters=bf_interval=2,sched_interval=2
GresTypes=gpu
${nodes.join('\n')}
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=bank Nodes=ALL MaxTime=INFINITE State=UP
`
  }

  #gresConf(): string {
    const [first, last] = ['[2-3]', '[0-1]'].map((range) => join(this.folder, `dev/nvidia${range}`))
    return [first, last]
      .map((file) => `NodeName=typed,plain Name=gpu Type=a100 File=${file}\n`)
      .join('')
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** What slurmd leaves of its tree, deepest first; a cgroup in use stays. */
function removeCgroups(name: string): void {
  for (const controller of ['devices', 'freezer']) {
    const root = join('/sys/fs/cgroup', controller, name)
    if (existsSync(root))
      spawnSync('find', [root, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'])
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.on('error', reject)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address !== null ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
