/**
 * What a vendor states about its tool, so that `ToolProbe` makes a probe of it. To add one:
 *
 *     devices.ts   interface AcmeDevice extends CardDevice { the keys that this tool alone tells }
 *     parse.ts     readAcme(text, command): any output of the tool to cards, or to why there is none
 *     vendor.ts    export const acme = cardVendorModule<AcmeDevice>({ what stands below })
 *
 * in a folder of its name (one file does for a small tool: `denglin.ts`), and a row in each of
 * `registry.ts` (its tools, by which the agent knows that it is here), `access.ts` (what reading
 * takes on a machine), `pci-vendors.ts` (its PCI ids) and `VENDORS` of the shared model. Captures of
 * its tool under `test/captures/acme` are its tests: every one is read, and damaged in every way.
 *
 * Reading. `readOrRefuse` of `refusal.ts` does what is the same for all: another maker's output is
 * refused, failures are told in the tool's own words (`FailureText` for those of this one). A parser
 * reads one form of output, gives `null` for any other text, and finds everything by headers, keys
 * and titles, never by line numbers. Readers of the usual forms are in `formats/`:
 *
 *     text, size, printed-id, pci-address, pci-id     single figures and ids; strict, else `null`
 *     tool-lines                                      lines of bounded length, and their ends
 *     card-table, process-table (on bar-table, header-cells)  tables in the manner of nvidia-smi
 *     smi-list, smi-log, smi-xml, smi-csv, smi-samples        its `-L`, `-q`, `-x`, CSV and `dmon`
 *     key-tree, csv, xml, json-text                   `key : value`, CSV, XML and JSON of any shape
 *
 * What a text does not tell is `null`: never 0, never an empty list. A list of processes is whole or
 * absent. An id that is masked or zeroed is none (`readId`).
 *
 * Asking. `sample` is one cheap call for all cards, every 10 s; what stays (ids, names, sizes) is
 * asked at `inventory` and filled in by `ToolProbe`, by the place of the card. `inventory-calls.ts`
 * joins what several calls tell, `device-users.ts` finds processes where no output lists them, and
 * `sriov.ts` and `drm-node.ts` ask the kernel. A vendor that remembers something makes a new
 * description for each probe (`metax/vendor.ts`).
 *
 * Telling. Traits are pure functions of a device; `card-traits.ts` has the pieces they are made of.
 * `offersOf` decides what a verdict needs: what is offered is required, so that a card is never free
 * because a reading was missing, and never unknown for one that the tool does not have.
 */
import type { Engine, HealthReading, Vendor } from '@yiben/shared'
import type { CardDevice, CardOutput, CardProcess, CardReading } from './card.ts'
import type { OfferedSignals, ProbeFailure, RawIdentity } from './probe.ts'

/** What a command gave: an output with at least one device, or why there is none. */
export type Answer<Device extends CardDevice> =
  | { readonly status: 'ok'; readonly output: CardOutput<Device> }
  | ProbeFailure

/** The tool found on this machine, ready to be asked. One call at a time. */
export interface ToolSession<Device extends CardDevice> {
  /** Name of the tool that was found: one of `tools`. */
  readonly tool: string
  /** Put before `/sys`, `/proc`, `/dev`. */
  readonly rootPrefix: string
  /** Runs the tool with these arguments under deadline and output cap, and reads what it prints. */
  ask(args: readonly string[]): Promise<Answer<Device>>
  /** What the tool prints, for an output that names no card; `null` where it did not end. */
  run(args: readonly string[]): Promise<string | null>
}

/** A part cut out of a card (vNPU, sMLU, SVI, SR-IOV, MIG). */
export interface CardSlice {
  /** Tells the slices of one card apart, and stays the same while the cut lasts: `gi3ci0`. */
  readonly part: string
  readonly uuid: string | null
  /** Profile as printed: `3g.40gb`, `vir04`. */
  readonly profile: string | null
  /** Its part of the whole, in the unit of `Cut.whole` (compute units, cores). */
  readonly weight: number
  readonly memory_total_mib: number | null
  readonly memory_used_mib: number | null
  /** `null` where the tool has no counter for a slice, or none now. */
  readonly utilization_pct: number | null
  /** The tool has such a counter, whether it tells a figure now or not. Default: if it tells one. */
  readonly has_utilization?: boolean
  readonly processes: readonly CardProcess[] | null
  readonly deviceFile?: string | null
}

/** What lies on a cut card outside of its slices. */
export type CardRest = Pick<CardSlice, 'memory_total_mib' | 'memory_used_mib' | 'processes'>

export interface Cut {
  readonly slices: readonly CardSlice[]
  /** What the uncut card has of the weights. */
  readonly whole: number
  /** Where the tool tells it. Default: nothing, because nobody can put anything there. */
  readonly rest?: CardRest
}

/** What the cards of a vendor are known by, and what is told of them: pure functions of a device. */
export interface CardTraits<Device extends CardDevice = CardDevice> {
  readonly vendor: Vendor
  /** Strongest first; masked and zeroed ids are none. */
  readonly identitiesOf: (device: Device) => readonly RawIdentity[]
  /** What `sample` tells of this card on this version of the tool; what is offered is required. */
  readonly offersOf: (device: Device) => OfferedSignals
  readonly healthOf: (device: Device) => HealthReading
  /** Engines besides compute, in percent. */
  readonly enginesOf?: (
    device: Device,
  ) => Readonly<Partial<Record<Engine, number | null | undefined>>>
  /** How many ms ago a kernel ran. Left out: no kernel is told of. */
  readonly kernelAgeMsOf?: (device: Device) => number | null
  /** Device node by which schedulers give the card away. */
  readonly deviceFileOf?: (device: Device, rootPrefix: string) => string | null
  /** The slices of a cut card whose sizes are told; `null` for a card in one piece. */
  readonly cutOf?: (device: Device) => Cut | null
  /**
   * Why a card that is shared out in parts cannot be proven free as a whole: the mode in the tool's
   * own word (`sGPU`, `SR-IOV`), where the parts are not told. `null`: it is in one piece.
   */
  readonly splitOf?: (device: Device) => string | null
  /** A desktop's own process (Xorg): counted apart from compute. */
  readonly isGraphics?: (process: CardProcess) => boolean
  /** Whether the list of this card names them at all. Default: where `isGraphics` is given. */
  readonly listsGraphics?: (device: Device) => boolean
}

export interface CardVendor<Device extends CardDevice = CardDevice> extends CardTraits<Device> {
  /** Names of the tool, best first; the first one on the search path is used. */
  readonly tools: readonly string[]
  /** Added to the environment of every call (`LD_LIBRARY_PATH` of tools that need it). */
  readonly environment?: Readonly<Record<string, string>>
  /** Reads any output of the tool by its structure; `command` is the command line, where known. */
  readonly read: (text: string, command: string | null) => CardReading<Device>
  /** Asks everything that stays: ids, names, sizes. At start, every 10 minutes, after a change. */
  readonly inventory: (session: ToolSession<Device>) => Promise<Answer<Device>>
  /** The cheapest call that carries the required signals of all cards: every 10 s. */
  readonly sample: (session: ToolSession<Device>) => Promise<Answer<Device>>
  /**
   * Where a device sits, spelled the same by the outputs of `inventory` and `sample`. Default: its
   * PCI address, else its index.
   */
  readonly placeOf?: (device: Device) => string
}
