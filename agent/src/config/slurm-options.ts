/**
 * The options of `owner.kind: slurm`, and how they become what the owner probe takes. They may be
 * the same on every node of a site. Options that only make sense together are checked here too.
 */
import { hostname } from 'node:os'
import type { SlurmOwnerOptions } from '../owners/slurm.ts'
import type { Option } from './options.ts'
import { durationOption, textOption, yamlOption } from './options.ts'
import { listOf, text } from './schemas.ts'

const PATH = { unit: 'path', range: '-' } as const
const NAME = { unit: 'name', range: '-' } as const

export const SLURM_OPTIONS = {
  slurmFile: textOption(
    {
      name: 'owner.slurm.file',
      sentence: "Where the site's reader writes what Slurm says and every node reads it; shared.",
    },
    null,
    text,
    PATH,
  ),
  slurmReaders: yamlOption<readonly string[]>(
    {
      name: 'owner.slurm.readers',
      sentence: 'Nodes whose agent may ask slurmctld for the site; one asks, the others stand by.',
    },
    [],
    listOf(text),
    { unit: 'list of names', range: 'at most 64' },
  ),
  slurmInterval: durationOption(
    {
      name: 'owner.slurm.interval',
      sentence: 'Least time between two questions of the site, of two RPCs each.',
    },
    30,
    's',
    { min: '30s', max: '10min' },
  ),
  slurmAgeMax: durationOption(
    { name: 'owner.slurm.age_max', sentence: 'An older answer of Slurm proves nothing.' },
    2,
    'min',
    { min: '90s', max: '1h' },
  ),
  slurmNodeName: textOption(
    {
      name: 'owner.slurm.node_name',
      sentence: 'What Slurm calls this node; the short host name when nothing is set here.',
    },
    null,
    text,
    NAME,
  ),
  slurmConfDir: textOption(
    {
      name: 'owner.slurm.conf_dir',
      sentence: 'Folder of slurm.conf and gres.conf, where it is none of the usual ones.',
    },
    null,
    text,
    PATH,
  ),
  slurmDeviceFiles: yamlOption<readonly string[]>(
    {
      name: 'owner.slurm.device_files',
      sentence: 'Device files as "slurmd -G" lists them, where gres.conf has AutoDetect.',
    },
    [],
    listOf(text),
    { unit: 'list of paths', range: 'at most 64' },
  ),
  slurmBankAccount: textOption(
    {
      name: 'owner.slurm.bank_account',
      sentence: "Account of the bank's own jobs: what they are given is the bank's.",
    },
    null,
    text,
    NAME,
  ),
  slurmBankPartition: textOption(
    {
      name: 'owner.slurm.bank_partition',
      sentence: "Partition of the bank's own jobs: what they are given is the bank's.",
    },
    null,
    text,
    NAME,
  ),
  slurmBankReservation: textOption(
    {
      name: 'owner.slurm.bank_reservation',
      sentence:
        'Reservation that keeps nodes for the bank; its cards are free until a job has them.',
    },
    null,
    text,
    NAME,
  ),
} as const

/** Two questions may take turns, and one may be late. */
const INTERVALS_PER_AGE_MIN = 3

type Get = <T>(option: Option<T>) => T
/** Whether an option says something else than its default. */
type IsSet = (option: Option<unknown>) => boolean

/** `null`: it is not said where the site's file is. */
export function slurmOwnerOptions(get: Get): SlurmOwnerOptions | null {
  const file = get(SLURM_OPTIONS.slurmFile)
  const options = {
    readers: get(SLURM_OPTIONS.slurmReaders),
    intervalMs: get(SLURM_OPTIONS.slurmInterval),
    ageMsMax: get(SLURM_OPTIONS.slurmAgeMax),
    // slurmd calls its node by the host name up to the first dot unless slurm.conf says otherwise.
    nodeName: get(SLURM_OPTIONS.slurmNodeName) ?? hostname().replace(/\..*$/, ''),
    confDir: get(SLURM_OPTIONS.slurmConfDir),
    deviceFiles: get(SLURM_OPTIONS.slurmDeviceFiles),
    bankAccount: get(SLURM_OPTIONS.slurmBankAccount),
    bankPartition: get(SLURM_OPTIONS.slurmBankPartition),
    bankReservation: get(SLURM_OPTIONS.slurmBankReservation),
  }
  return file === null ? null : { file, ...options }
}

/** Sentences about options that are missing, have no effect or cannot hold together. */
export function slurmContradictions(
  kind: string,
  slurm: SlurmOwnerOptions | null,
  isSet: IsSet,
): string[] {
  if (kind !== 'slurm') {
    return Object.values(SLURM_OPTIONS)
      .filter(isSet)
      .map(({ name }) => `${name} is for owner.kind "slurm", which is "${kind}"`)
  }
  if (slurm === null) {
    return [
      'owner.kind is "slurm", so owner.slurm.file must say where all nodes read what Slurm says',
    ]
  }
  return slurm.ageMsMax < INTERVALS_PER_AGE_MIN * slurm.intervalMs
    ? [`owner.slurm.age_max is shorter than ${INTERVALS_PER_AGE_MIN} times owner.slurm.interval`]
    : []
}
