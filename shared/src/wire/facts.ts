/** Facts of a node on the wire: what it is made of, told once per revision. */
import {
  IDENTITY_STRENGTHS,
  type Identity,
  type NodeFacts,
  OWNER_KINDS,
  type ProbeFacts,
  SHARE_PPM_WHOLE,
  UNIT_KINDS,
  type UnitFacts,
  VENDORS,
} from '../model/accelerator.ts'
import {
  boundedList,
  clipText,
  fixedHex,
  fromHex,
  numberOfWord,
  oneOf,
  optionalNumber,
  optionalText,
  refuseField,
  text,
  timeMs,
  wholeNumber,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import {
  IDENTITIES_PER_UNIT_MAX,
  PROBES_MAX,
  TEXT_NAME_BYTES_MAX,
  TEXT_SENTENCE_BYTES_MAX,
  TEXT_SHORT_BYTES_MAX,
  UNITS_PER_NODE_MAX,
} from './limits.ts'

const HASH_BYTES = 32
const REVISION = { min: 1, max: 0xffff_ffff }
const UNIT_INDEX = { min: 0, max: 1_000_000 }
/** 16 TiB: no card has that in the life of this wire. */
export const MEMORY_MIB_MAX = 16 * 1024 * 1024
const NODE_MEMORY_MIB_MAX = 0xffff_ffff
export const POWER_CAP_WATTS_MAX = 100_000
export const CPU_CORES_MAX = 100_000

export function packFacts(facts: NodeFacts): yiben.v1.Facts.$Properties {
  const short = (value: string) => clipText(value, TEXT_SHORT_BYTES_MAX)
  const name = (value: string | null) =>
    value === null ? null : clipText(value, TEXT_NAME_BYTES_MAX)
  return {
    revision: facts.revision,
    atMs: facts.atMs,
    agentVersion: short(facts.agentVersion),
    bootId: short(facts.bootId),
    operatingSystem: name(facts.operatingSystem),
    kernel: name(facts.kernel),
    architecture: name(facts.architecture),
    cpuModel: name(facts.cpuModel),
    cpuCores: facts.cpuCores,
    memoryTotalMib: facts.memoryTotalMib,
    virtualization: name(facts.virtualization),
    ownerKind: facts.ownerKind,
    units: facts.units.map(packUnit),
    probes: facts.probes.map(packProbe),
  }
}

function packUnit(unit: UnitFacts): yiben.v1.Unit.$Properties {
  return {
    index: unit.index,
    kind: unit.kind,
    parentIndex: unit.parentIndex,
    vendor: unit.vendor,
    name: clipText(unit.name, TEXT_NAME_BYTES_MAX),
    memoryTotalMib: unit.memoryTotalMib,
    powerCapWatts: unit.powerCapWatts,
    sharePpm: unit.sharePpm,
    driverVersion:
      unit.driverVersion === null ? null : clipText(unit.driverVersion, TEXT_SHORT_BYTES_MAX),
    identities: unit.identities.map(packIdentity),
  }
}

export function packIdentity(identity: Identity): yiben.v1.Identity.$Properties {
  return {
    keyNumber: identity.keyNumber,
    hash: fromHex(identity.hash),
    strength: numberOfWord(identity.strength, IDENTITY_STRENGTHS),
  }
}

function packProbe(probe: ProbeFacts): yiben.v1.ProbeReport.$Properties {
  const clip = (value: string | null, bytesMax: number) =>
    value === null ? null : clipText(value, bytesMax)
  return {
    vendor: probe.vendor,
    tool: clip(probe.tool, TEXT_SHORT_BYTES_MAX),
    toolVersion: clip(probe.toolVersion, TEXT_SHORT_BYTES_MAX),
    unitsFound: probe.unitsFound,
    cardsPresent: probe.cardsPresent,
    problemCode: clip(probe.problemCode, TEXT_SHORT_BYTES_MAX),
    problem: clip(probe.problem, TEXT_SENTENCE_BYTES_MAX),
  }
}

/** Throws a `FieldRefusal` that names the field at fault. */
export function unpackFacts(message: yiben.v1.Facts.$Shape): NodeFacts {
  const units = boundedList(message.units, 'facts.units', UNITS_PER_NODE_MAX).map(unpackUnit)
  checkIndexes(units)
  checkShares(units)
  const name = (value: string | null | undefined, field: string) =>
    optionalText(value, field, TEXT_NAME_BYTES_MAX)
  return {
    revision: wholeNumber(message.revision, 'facts.revision', REVISION),
    atMs: timeMs(message.atMs, 'facts.at_ms'),
    agentVersion: text(message.agentVersion, 'facts.agent_version', TEXT_SHORT_BYTES_MAX),
    bootId: text(message.bootId, 'facts.boot_id', TEXT_SHORT_BYTES_MAX),
    operatingSystem: name(message.operatingSystem, 'facts.operating_system'),
    kernel: name(message.kernel, 'facts.kernel'),
    architecture: name(message.architecture, 'facts.architecture'),
    cpuModel: name(message.cpuModel, 'facts.cpu_model'),
    cpuCores: optionalNumber(message.cpuCores, 'facts.cpu_cores', CPU_CORES_MAX),
    memoryTotalMib: optionalNumber(
      message.memoryTotalMib,
      'facts.memory_total_mib',
      NODE_MEMORY_MIB_MAX,
    ),
    virtualization: name(message.virtualization, 'facts.virtualization'),
    ownerKind: oneOf(message.ownerKind, 'facts.owner_kind', OWNER_KINDS),
    units,
    probes: boundedList(message.probes, 'facts.probes', PROBES_MAX).map(unpackProbe),
  }
}

function unpackUnit(message: yiben.v1.Unit.$Shape): UnitFacts {
  const identities = boundedList(
    message.identities,
    'unit.identities',
    IDENTITIES_PER_UNIT_MAX,
  ).map(unpackIdentity)
  return {
    index: wholeNumber(message.index, 'unit.index', UNIT_INDEX),
    kind: oneOf(message.kind, 'unit.kind', UNIT_KINDS),
    parentIndex: optionalNumber(message.parentIndex, 'unit.parent_index', UNIT_INDEX.max),
    vendor: oneOf(message.vendor, 'unit.vendor', VENDORS),
    name: text(message.name, 'unit.name', TEXT_NAME_BYTES_MAX),
    memoryTotalMib: optionalNumber(message.memoryTotalMib, 'unit.memory_total_mib', MEMORY_MIB_MAX),
    powerCapWatts: optionalNumber(
      message.powerCapWatts,
      'unit.power_cap_watts',
      POWER_CAP_WATTS_MAX,
    ),
    sharePpm: wholeNumber(message.sharePpm, 'unit.share_ppm', { min: 0, max: SHARE_PPM_WHOLE }),
    driverVersion: optionalText(message.driverVersion, 'unit.driver_version', TEXT_SHORT_BYTES_MAX),
    identities,
  }
}

function unpackIdentity(message: yiben.v1.Identity.$Shape): Identity {
  return {
    keyNumber: wholeNumber(message.keyNumber, 'identity.key_number', REVISION),
    hash: fixedHex(message.hash, 'identity.hash', HASH_BYTES),
    strength: wordAt(message.strength, 'identity.strength', IDENTITY_STRENGTHS),
  }
}

function unpackProbe(message: yiben.v1.ProbeReport.$Shape): ProbeFacts {
  const short = (value: string | null | undefined, field: string) =>
    optionalText(value, field, TEXT_SHORT_BYTES_MAX)
  const units = { min: 0, max: UNITS_PER_NODE_MAX }
  return {
    vendor: oneOf(message.vendor, 'probe.vendor', VENDORS),
    tool: short(message.tool, 'probe.tool'),
    toolVersion: short(message.toolVersion, 'probe.tool_version'),
    unitsFound: wholeNumber(message.unitsFound, 'probe.units_found', units),
    cardsPresent: wholeNumber(message.cardsPresent, 'probe.cards_present', units),
    problemCode: short(message.problemCode, 'probe.problem_code'),
    problem: optionalText(message.problem, 'probe.problem', TEXT_SENTENCE_BYTES_MAX),
  }
}

/** Indexes are unique; a part names a card of the same revision, a card names none. */
function checkIndexes(units: readonly UnitFacts[]): void {
  const byIndex = new Map(units.map((unit) => [unit.index, unit]))
  if (byIndex.size !== units.length) refuseField('unit.index', 'appears twice')
  for (const unit of units) {
    if (unit.kind === 'card') {
      if (unit.parentIndex !== null) refuseField('unit.parent_index', 'is set on a card')
    } else if (unit.parentIndex === null || byIndex.get(unit.parentIndex)?.kind !== 'card') {
      refuseField('unit.parent_index', `of unit ${unit.index} names no card of this revision`)
    }
  }
}

/** A card is whole; the parts of a cut card sum to exactly the whole (C6). */
function checkShares(units: readonly UnitFacts[]): void {
  const sums = new Map<number, number>()
  for (const unit of units) {
    if (unit.parentIndex === null) {
      if (unit.sharePpm !== SHARE_PPM_WHOLE) {
        refuseField('unit.share_ppm', `of card ${unit.index} is not the whole`, 'record_shares')
      }
    } else {
      sums.set(unit.parentIndex, (sums.get(unit.parentIndex) ?? 0) + unit.sharePpm)
    }
  }
  for (const [parentIndex, sum] of sums) {
    if (sum !== SHARE_PPM_WHOLE) {
      refuseField('unit.share_ppm', `sums to ${sum} for card ${parentIndex}`, 'record_shares')
    }
  }
}
