/** Options of `handover`: what fits together, and what the policy record tells of it. */
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../agent/src/config.ts'

const SLURM = {
  'owner.kind': 'slurm',
  'owner.slurm.file': '/shared/yiben/slurm.json',
} as const

function load(flags: Readonly<Record<string, string>>) {
  return loadConfig({ file: null, environment: {}, flags }).handover
}

describe('handover', () => {
  test('is by people, unfenced, where nothing is said', () => {
    expect(load({})).toEqual({
      kind: 'manual',
      isFenced: false,
      endpoint: null,
      queue: null,
      command: null,
    })
  })

  test.each([
    [{ 'owner.slurm.bank_account': 'bank' }, 'bank'],
    [{ 'owner.slurm.bank_account': 'bank', 'owner.slurm.bank_partition': 'lent' }, 'lent'],
    [{ 'owner.slurm.bank_account': 'bank', 'handover.queue': 'night' }, 'night'],
  ])("by slurm sends borrowers to what is the bank's there: %j", (flags, queue) => {
    const config = load({ ...SLURM, ...flags, 'handover.kind': 'slurm', 'handover.fenced': 'true' })
    expect(config).toMatchObject({ kind: 'slurm', isFenced: true, queue })
  })

  test.each<[Record<string, string>, RegExp]>([
    [{ 'handover.kind': 'ssh' }, /handover\.kind is "ssh"/],
    [{ 'handover.kind': 'command' }, /handover\.command must say/],
    [{ 'handover.command': '/etc/yiben/handover' }, /handover\.command is for handover\.kind/],
    [{ 'handover.kind': 'slurm' }, /needs owner\.kind "slurm"/],
    [{ ...SLURM, 'handover.kind': 'slurm' }, /bank_account or owner\.slurm\.bank_partition/],
    [
      { 'owner.kind': 'kubernetes', 'handover.kind': 'kubernetes' },
      /owner\.kubernetes\.bank_namespace/,
    ],
    [{ 'handover.endpoint': '长'.repeat(67) }, /handover\.endpoint is longer than 200 bytes/],
  ])('that cannot hold together is refused: %j', (flags, reason) => {
    expect(() => load(flags)).toThrow(reason)
  })
})
