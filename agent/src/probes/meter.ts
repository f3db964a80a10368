/**
 * The tools of one probe: counts the CPU time they take, and ends all of them at once when the probe
 * must let go of its driver. Wraps the runner the probe would be given.
 */
import type { ToolRunner } from './probe.ts'

export interface MeteredRunner extends ToolRunner {
  /** Since the last call of this; `null` when no tool ran, or the system tells no CPU time. */
  takeCpuMs(): number | null
  /** Kills what runs; until `open()` no tool is started. */
  close(): void
  open(): void
}

export function meterTools(exec: ToolRunner): MeteredRunner {
  let spentMs: number | null = null
  let gate = new AbortController()
  return {
    locate: (tool) => exec.locate(tool),
    stream: (call) => (gate.signal.aborted ? null : exec.stream(call)),
    run: async (call) => {
      const result = await exec.run({ ...call, signal: gate.signal })
      if (result.status === 'exited' && typeof result.cpuMs === 'number') {
        spentMs = (spentMs ?? 0) + result.cpuMs
      }
      return result
    },
    takeCpuMs: () => {
      const taken = spentMs
      spentMs = null
      return taken
    },
    close: () => gate.abort(),
    open: () => {
      if (gate.signal.aborted) gate = new AbortController()
    },
  }
}
