/** `nvidia-smi pmon -c 1`: processes per GPU with their load. */
import { sparseCard } from '../card.ts'
import { readSampleProcesses, readSamples } from '../formats/smi-samples.ts'
import { type NvidiaOutput, nvidiaOutput } from './devices.ts'

/** `null`: no such samples in the text, or those of cards (`dmon`). */
export function parseNvidiaPmon(lines: readonly string[]): NvidiaOutput | null {
  const samples = readSamples(lines, 'gpu')
  if (samples === null || !samples.areProcesses) return null
  const devices = [...readSampleProcesses(samples)].map(([index, processes]) =>
    sparseCard(index, { processes }),
  )
  return nvidiaOutput(devices, null)
}
