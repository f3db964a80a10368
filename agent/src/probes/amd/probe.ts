/**
 * The probe of AMD's cards: a `ToolProbe` to which the files of the kernel are one more tool, the
 * last on its list, so that a machine without amd-smi and rocm-smi is read all the same.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type {
  Detection,
  Inventory,
  Probe,
  ProbeContext,
  ProbeFailure,
  ProbeSample,
  ToolRunner,
  VendorModule,
} from '../probe.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import type { AmdDevice } from './devices.ts'
import { type FileWalk, KernelFiles } from './kernel-files.ts'
import { amdVendor, KERNEL } from './vendor.ts'

const DRIVER = 'sys/module/amdgpu'
/** An output is read without the machine it came from. */
const NO_FILES: FileWalk = { walk: async () => null }

export const amd: VendorModule = {
  ...cardVendorModule(amdVendor(NO_FILES)),
  create: (context) => new AmdProbe(context),
}

class AmdProbe implements Probe {
  readonly vendor = 'amd'
  readonly #files: KernelFiles
  readonly #probe: ToolProbe<AmdDevice>

  constructor(context: ProbeContext) {
    this.#files = new KernelFiles(context.clock, context.rootPrefix)
    this.#probe = new ToolProbe(amdVendor(this.#files), withKernel(context))
  }

  /** A read of a file waits for its card, and holds the exit of the process for as long. */
  get isHung(): boolean {
    return this.#files.isHung
  }

  detect(): Promise<Detection> {
    return this.#probe.detect()
  }

  inventory(): Promise<Inventory | ProbeFailure> {
    return this.#probe.inventory()
  }

  sample(): Promise<ProbeSample | ProbeFailure> {
    return this.#probe.sample()
  }

  release(): Promise<void> {
    return this.#probe.release()
  }
}

function withKernel(context: ProbeContext): ProbeContext {
  const { exec, rootPrefix } = context
  const driver = join(rootPrefix || '/', DRIVER)
  const runner: ToolRunner = {
    run: (call) => exec.run(call),
    stream: (call) => exec.stream(call),
    locate: (tool) => {
      if (tool !== KERNEL) return exec.locate(tool)
      return existsSync(driver) ? driver : null
    },
  }
  return { ...context, exec: runner }
}
