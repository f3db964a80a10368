/** Why a card is not read and what mends it: each finding provoked by its real cause. */
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readMachineReport } from '../../../agent/src/cli/machine-report.ts'
import type { DiagnosisCause } from '../../../agent/src/probes/diagnose.ts'
import { VENDOR_ENTRIES } from '../../../agent/src/probes/registry.ts'
import { fixture } from '../../support/captures.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { C_COMPILER } from '../../support/nvml-stub.ts'
import { plugCard, putFile } from '../../support/plug-card.ts'
import { ROOT } from '../../support/program.ts'

const random = { fraction: () => 0, bytes: (length: number) => new Uint8Array(length) }
const ADDRESS = '0000:c1:00.0'
const NPU = ['19e5', 'd802', '120000'] as const
const GPU = ['10de', '2335', '030200'] as const
const TABLE = fixture('ascend/910b4-x2__25.0__load.txt')

/** Root may open everything, so another user has to look, who must be able to reach the program. */
const isReachable = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isReachable(dirname(path)))
const NO_STRANGER =
  process.getuid?.() === 0 && !isReachable(ROOT)
    ? ' (skipped: no other user can reach this checkout)'
    : ''

async function findingOf(box: ToolBox) {
  const report = await readMachineReport({
    entries: VENDOR_ENTRIES,
    context: box.context({ nvmlLibrary: null }),
    random,
  })
  const card = report.pci.find(({ address }) => address === ADDRESS)
  if (card === undefined) throw new Error('the card is overlooked')
  return card
}

interface Case {
  readonly name: string
  readonly cause: DiagnosisCause
  readonly fix: string | null
  readonly says: string
  readonly make: (box: ToolBox) => void
}

/** An Ascend card with its driver and its nodes: what each case then takes away. */
function goodNpu(box: ToolBox): void {
  plugCard(box.folder, { address: ADDRESS, ids: NPU, driver: 'devdrv_device_driver' })
  for (const node of ['davinci_manager', 'devmm_svm', 'hisi_hdc', 'davinci0']) {
    putFile(box.folder, `dev/${node}`)
  }
}

const CASES: readonly Case[] = [
  {
    name: 'all is well',
    cause: 'read',
    fix: null,
    says: 'It is read.',
    make: (box) => {
      goodNpu(box)
      box.answers('npu-smi', [{ when: 'info', stdout: TABLE }])
    },
  },
  {
    name: 'a module that is there and is not loaded',
    cause: 'no_driver',
    fix: 'modprobe nvidia',
    says: 'the module nvidia is there and is not loaded',
    make: (box) => {
      plugCard(box.folder, { address: ADDRESS, ids: GPU, driver: null })
      putFile(box.folder, 'proc/sys/kernel/osrelease', '6.1.0-31-amd64\n')
      putFile(
        box.folder,
        'lib/modules/6.1.0-31-amd64/modules.dep',
        'kernel/drivers/gpu/drm/nouveau/nouveau.ko:\nupdates/dkms/nvidia.ko.xz: kernel/a.ko\n',
      )
    },
  },
  {
    name: 'no module for this kernel',
    cause: 'no_driver',
    fix: 'Install the driver of NVIDIA for this kernel.',
    says: 'this kernel has no module for it',
    make: (box) => {
      plugCard(box.folder, { address: ADDRESS, ids: GPU, driver: null })
      putFile(box.folder, 'proc/sys/kernel/osrelease', '6.1.0-31-amd64\n')
      putFile(box.folder, 'lib/modules/6.1.0-31-amd64/modules.dep', 'kernel/fs/ext4/ext4.ko:\n')
    },
  },
  {
    name: 'a loaded module that has not taken the card',
    cause: 'no_driver',
    fix: 'dmesg | grep -i 0000:c1:00.0',
    says: 'has not taken this card',
    make: (box) => {
      plugCard(box.folder, { address: ADDRESS, ids: GPU, driver: null })
      putFile(box.folder, 'sys/module/nvidia/version', '550.54.15\n')
    },
  },
  {
    name: 'the driver of a display',
    cause: 'display_driver',
    fix: 'blacklist nouveau',
    says: 'nouveau holds it',
    make: (box) => plugCard(box.folder, { address: ADDRESS, ids: GPU, driver: 'nouveau' }),
  },
  {
    name: 'given to a virtual machine',
    cause: 'passthrough',
    fix: null,
    says: 'counted as allocated',
    make: (box) => plugCard(box.folder, { address: ADDRESS, ids: GPU, driver: 'vfio-pci' }),
  },
  {
    name: 'no device node',
    cause: 'no_device_node',
    fix: 'udevadm trigger',
    says: '/dev/davinci_manager is missing',
    make: (box) => {
      goodNpu(box)
      rmSync(join(box.folder, 'dev'), { recursive: true })
      box.answers('npu-smi', [
        { when: '*', stdout: 'dcmi module initialize failed. ret is -8005\n', exitCode: 1 },
      ])
    },
  },
  {
    name: 'no tool',
    cause: 'no_tool',
    fix: 'Install the tools of Huawei Ascend, or name their folder in probes.tool_path.',
    says: 'npu-smi is neither on the path',
    make: goodNpu,
  },
  {
    name: 'a tool that may not be executed',
    cause: 'tool_not_executable',
    fix: 'chmod a+rx',
    says: 'npu-smi is there, and the agent may not execute it',
    make: (box) => {
      goodNpu(box)
      box.script('npu-smi', 'exit 0', 0o644)
    },
  },
  {
    name: 'a tool that reports a failure',
    cause: 'tool_failed',
    fix: 'by hand',
    says: '-8005',
    make: (box) => {
      goodNpu(box)
      box.answers('npu-smi', [
        { when: '*', stdout: 'dcmi module initialize failed. ret is -8005\n', exitCode: 1 },
      ])
    },
  },
  {
    name: 'a card the tool does not list',
    cause: 'not_listed',
    fix: 'dmesg',
    says: 'does not list this card',
    make: (box) => {
      goodNpu(box)
      box.answers('npu-smi', [{ when: 'info', stdout: TABLE.replaceAll('C1:00.0', 'C7:00.0') }])
    },
  },
  {
    name: 'a maker without a reader',
    cause: 'no_reader',
    fix: 'npm run capture',
    says: '1e52:b140',
    make: (box) =>
      plugCard(box.folder, {
        address: ADDRESS,
        ids: ['1e52', 'b140', '120000'],
        driver: 'tenstorrent',
      }),
  },
  {
    name: 'the tool of another maker under the same name',
    cause: 'wrong_tool',
    fix: "Put the folder of MetaX's own tool first in probes.tool_path.",
    says: 'Moffett',
    make: (box) => {
      plugCard(box.folder, { address: ADDRESS, ids: ['9999', '0a01', '038000'], driver: 'metax' })
      putFile(box.folder, 'dev/mxcd')
      box.answers('mx-smi', [{ when: '*', stdout: 'MOFFETT-SMI 1.1.4    Driver 1.1.4\n' }])
    },
  },
]

describe('a card is explained', () => {
  test.each(CASES)('$name', async ({ make, cause, fix, says }) => {
    using box = new ToolBox()
    make(box)
    const card = await findingOf(box)
    expect(card).toMatchObject({ cause, sentence: expect.stringContaining(says) })
    if (fix === null) expect(card.fix).toBeNull()
    else expect(card.fix).toContain(fix)
  })

  const noCompiler = C_COMPILER === null ? ' (skipped: no C compiler here)' : ''
  test.skipIf(C_COMPILER === null)(`a tool without its library${noCompiler}`, async () => {
    using box = new ToolBox()
    plugCard(box.folder, { address: ADDRESS, ids: ['1e3e', '0003', '120000'], driver: 'iluvatar' })
    putFile(box.folder, 'dev/iluvatar0')
    putFile(box.folder, 'ixml.c', 'int ixml(void) { return 0; }\n')
    putFile(box.folder, 'ixsmi.c', 'int ixml(void); int main(void) { return ixml(); }\n')
    const build = (...args: string[]) =>
      expect(spawnSync(C_COMPILER ?? 'cc', args, { cwd: box.folder }).status).toBe(0)
    build('-shared', '-o', 'libixml.so', 'ixml.c')
    build('-o', 'bin/ixsmi', 'ixsmi.c', '-L.', '-lixml')
    rmSync(join(box.folder, 'libixml.so'))
    const card = await findingOf(box)
    expect(card).toMatchObject({ cause: 'no_library', fix: expect.stringContaining('ldconfig') })
    expect(card.sentence).toContain('libixml.so')
  })

  test.skipIf(NO_STRANGER !== '')(
    `a node of another group: the command names the group and the user${NO_STRANGER}`,
    () => {
      using box = new ToolBox()
      goodNpu(box)
      box.answers('npu-smi', [
        { when: '*', stdout: 'DrvMngGetConsoleLogLevel failed. (ret=4)\n', exitCode: 1 },
      ])
      putFile(box.folder, 'etc/group', `HwHiAiUser:x:${process.getgid?.() ?? 0}:\n`)
      const isRoot = process.getuid?.() === 0
      // Root may open everything, so another user looks; who is not root is refused by the mode.
      for (const node of ['davinci_manager', 'devmm_svm', 'hisi_hdc', 'davinci0']) {
        chmodSync(join(box.folder, 'dev', node), isRoot ? 0o660 : 0o060)
      }
      chmodSync(box.folder, 0o755)
      const args = [
        'probe',
        '--vendor',
        'ascend',
        '--json',
        '--config',
        join(box.folder, 'agent.yaml'),
      ]
      putFile(
        box.folder,
        'agent.yaml',
        `probes:\n  root_prefix: ${box.folder}\n  tool_path: [${box.toolPath}]\n`,
      )
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [join(ROOT, 'agent/src/main.ts'), ...args],
        {
          encoding: 'utf8',
          ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
        },
      )
      expect(stderr).toBe('')
      const [card] = JSON.parse(stdout).pci
      expect(card.cause).toBe('no_permission')
      expect(card.sentence).toContain('/dev/davinci')
      expect(card.fix).toMatch(/^usermod -aG HwHiAiUser \S+ && systemctl restart yiben-agent$/)
    },
  )
})
