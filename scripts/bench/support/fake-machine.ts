/**
 * A machine with eight H800 cards made of files: hardware below a root of its own, and the cards
 * behind one of two ways, a library or `nvidia-smi`. The first four cards are idle, the others
 * busy, with figures that change all the time.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CARDS } from './activity.ts'

export const WAYS = ['nvml', 'nvidia-smi'] as const
export type Way = (typeof WAYS)[number]

/** PROC_PID_INIT_INO: what a process in the host's pid namespace sees. */
const HOST_PID_NAMESPACE = 'pid:[4026531836]'
const NVIDIA_ID = '0x10de'
const H800_ID = '0x2324'
const CONTROLLER_3D_CLASS = '0x030200'
const FIRST_BUS = 0x1a

export interface FakeMachine {
  /** Lines of an agent's configuration. */
  readonly config: readonly string[]
}

/** `null`: this way needs a C compiler, and there is none. */
export function makeMachine(folder: string, way: Way): FakeMachine | null {
  const root = join(folder, 'root')
  makeHardware(root)
  const tools = join(folder, 'tools')
  mkdirSync(tools, { recursive: true })
  let library = join(folder, 'no-such-library.so')
  if (way === 'nvml') {
    library = join(folder, 'libnvidia-ml.so.1')
    const source = join(import.meta.dirname, 'fake-nvml.c')
    const built = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source])
    if (built.status !== 0) return null
  } else {
    const tool = join(tools, 'nvidia-smi')
    writeFileSync(tool, `#!/bin/sh\n${NVIDIA_SMI}\n`)
    chmodSync(tool, 0o755)
  }
  return {
    config: [
      'probes:',
      '  only: [nvidia]',
      `  tool_path: [${tools}]`,
      `  root_prefix: ${root}`,
      `  nvml_library: ${library}`,
    ],
  }
}

function makeHardware(root: string): void {
  mkdirSync(join(root, 'proc/self/ns'), { recursive: true })
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true })
  mkdirSync(join(root, 'sys/class/dmi/id'), { recursive: true })
  mkdirSync(join(root, 'sys/bus/pci/drivers/nvidia'), { recursive: true })
  symlinkSync(HOST_PID_NAMESPACE, join(root, 'proc/self/ns/pid'))
  for (const name of ['stat', 'uptime']) symlinkSync(`/proc/${name}`, join(root, 'proc', name))
  writeFileSync(
    join(root, 'proc/sys/kernel/random/boot_id'),
    'be000000-0000-4000-8000-000000000001\n',
  )
  writeFileSync(
    join(root, 'sys/class/dmi/id/product_uuid'),
    'be00aabb-1111-2222-3333-444455556666\n',
  )
  for (let card = 0; card < CARDS; card += 1) makePciCard(root, card)
}

function makePciCard(root: string, card: number): void {
  const bus = (FIRST_BUS + card).toString(16).padStart(2, '0')
  const folder = join(root, 'sys/bus/pci/devices', `0000:${bus}:00.0`)
  mkdirSync(folder, { recursive: true })
  const files = { vendor: NVIDIA_ID, device: H800_ID, class: CONTROLLER_3D_CLASS }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`)
  symlinkSync('../../drivers/nvidia', join(folder, 'driver'))
}

/** Answers the queries of the agent; no child of its own per round but `sleep`. */
const NVIDIA_SMI = `
uuid=GPU-22222222-3333-4444-5555-00000000000
noise=$$
next() { noise=$(( (noise * 1103515245 + 12345) % 2147483648 )); n=$(( noise / 65536 )); }
rows() {
  at=0
  while [ $at -lt ${CARDS} ]; do
    next
    if [ $at -lt ${CARDS / 2} ]; then util=0; used=1; watts=$((66 + n % 6)); degrees=$((31 + n % 4))
    else
      util=$((85 + n % 15)); used=$((60000 + 1000 * at + n % 64))
      watts=$((350 + n % 340)); degrees=$((60 + n % 15))
    fi
    bus=$(( ${FIRST_BUS} + at ))
    printf '%s, %s%s, 00000000:%02X:00.0, NVIDIA H800, 550.54.15, 81559, %s, %s, 0, %s.10, 700.00, %s\\n' \\
      $at $uuid $at $bus $used $util $watts $degrees
    at=$((at + 1))
  done
}
facts() {
  at=0
  while [ $at -lt ${CARDS} ]; do
    printf '%s%s, Disabled, 0, No, No, No, None\\n' $uuid $at
    at=$((at + 1))
  done
}
processes() {
  at=${CARDS / 2}
  while [ $at -lt ${CARDS} ]; do
    bus=$(( ${FIRST_BUS} + at ))
    printf '%s%s, 00000000:%02X:00.0, 1%s, python3, 60000\\n' $uuid $at $bus $at
    at=$((at + 1))
  done
}
case "$*" in
*--query-gpu=index*-l*)
  for seconds in "$@"; do :; done
  while :; do rows; sleep "$seconds"; done;;
*--query-gpu=index*) rows;;
*--query-gpu=uuid*) facts;;
*--query-compute-apps*) processes;;
*) exit 64;;
esac`
