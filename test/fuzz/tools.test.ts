/** What vendor tools and schedulers print, cut short, doubled and mixed: absent fields, no guesses. */
import { expect, test } from 'vitest'
import { parseJobs, parseNodes } from '../../agent/src/owners/slurm-answers.ts'
import {
  parseConfiguredGres,
  parseIndices,
  parseUsedGres,
} from '../../agent/src/owners/slurm-gres.ts'
import { expandHostlist } from '../../agent/src/owners/slurm-hostlist.ts'
import { VENDOR_ENTRIES } from '../../agent/src/probes/registry.ts'
import { capturesOf } from '../support/captures.ts'
import { fuzz } from './fuzzer.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
/** What a program of ours takes from a tool is cut off long before. */
const NAMES_MAX = 65_536

/** Every number that was understood is one; nothing is there that could not be told on. */
function expectPlain(value: unknown): void {
  if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true)
  if (typeof value !== 'object' || value === null) return
  for (const part of Object.values(value)) expectPlain(part)
}

test.each(VENDOR_ENTRIES.map((entry) => ({ vendor: entry.vendor, entry })))(
  'outputs of $vendor',
  async ({ vendor, entry }) => {
    const captures = capturesOf(vendor)
    const commands = [...new Set([null, ...captures.map(({ command }) => command)])]
    await fuzz({
      name: `tools-${vendor}`,
      // The first byte says which command it came from.
      seeds: captures.map(({ text: output, command }) => {
        return Buffer.from([commands.indexOf(command), ...Buffer.from(output.slice(0, 8_000))])
      }),
      rounds: 60,
      run: async (bytes) => {
        const command = commands[(bytes[0] ?? 0) % commands.length] ?? null
        const output = text(bytes.subarray(1))
        const parsed = await entry.parse(output, command)
        expect(parsed.vendor).toBe(vendor)
        expectPlain(parsed)
        await entry.offers(output, command)
      },
    })
  },
)

const NODES = `NodeName=n1 Arch=x86_64 CoresPerSocket=32
   State=IDLE+DRAIN ThreadsPerCore=1 Owner=N/A
   Gres=gpu:h800:8(S:0-1)
   GresUsed=gpu:h800:3(IDX:0-1,5)
   ReservationName=bank

`
const JOBS = `JobId=12 JobName=x
   UserId=u(1) Account=bank QOS=normal
   Partition=lend NodeList=n[1-2]
     Nodes=n[1-2] CPU_IDs=0-7 Mem=0 GRES=gpu:h800:2(IDX:0,3)

`

test('outputs of Slurm', async () => {
  const words = [
    'node[01-03,7],login1',
    '/dev/nvidia[0-3]',
    'gpu:a:4(IDX:0-3),gpu:b:1(IDX:4)',
    '0-3,5',
  ]
  await fuzz({
    name: 'slurm',
    seeds: [NODES, JOBS, ...words].map((one) => Buffer.from(one)),
    rounds: 2_000,
    run: (bytes) => {
      const output = text(bytes)
      expectPlain(parseNodes(output))
      expectPlain(parseJobs(output, { account: 'bank', partition: null }))
      expect(expandHostlist(output)?.length ?? 0).toBeLessThanOrEqual(NAMES_MAX)
      expectPlain(parseConfiguredGres(output))
      for (const used of parseUsedGres(output).values()) expectPlain(used)
      expect(parseIndices(output)?.length ?? 0).toBeLessThanOrEqual(NAMES_MAX)
    },
  })
})
