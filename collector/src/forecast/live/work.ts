/**
 * What is too heavy for the thread that answers agents: training, and packing the state. One interface,
 * two ways: in a thread of its own (`work-thread.ts`), or at once in this one, for simulations and tests.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { AppError, errorSentence } from '@yiben/shared'
import { type Models, type TrainingSet, trainModels } from '../train.ts'

/** Every promise rejects with an `AppError` when the work fails or takes too long. */
export interface HeavyWork {
  train(set: TrainingSet): Promise<Models>
  /** `state` is plain JSON. */
  pack(state: unknown): Promise<Uint8Array>
  unpack(bytes: Uint8Array): Promise<unknown>
  /** Ends what is under way: it rejects with `draining`. */
  close(): Promise<void>
}

/** What crosses to a thread and back; both can be cloned. */
export type Job =
  | { readonly kind: 'train'; readonly set: TrainingSet }
  | { readonly kind: 'pack'; readonly state: unknown }
  | { readonly kind: 'unpack'; readonly bytes: Uint8Array }
export type JobAnswer =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly sentence: string }

/** The fastest: the columns of a state are mostly zeros, which any level finds. */
const COMPRESSION_LEVEL = 1

/** Cloned all the same, so that what works here works across threads. */
export const workInProcess: HeavyWork = {
  train: async (set) => (await doHere({ kind: 'train', set })) as Models,
  pack: async (state) => (await doHere({ kind: 'pack', state })) as Uint8Array,
  unpack: (bytes) => doHere({ kind: 'unpack', bytes }),
  close: async () => {},
}

async function doHere(job: Job): Promise<unknown> {
  try {
    return doJob(structuredClone(job))
  } catch (error) {
    throw workFailed(job.kind, errorSentence(error))
  }
}

export function workFailed(kind: Job['kind'], why: string): AppError {
  const sentence = `The forecast could not ${kind}: ${why}.`
  return new AppError('internal', sentence, { fields: { job: kind } })
}

export function doJob(job: Job): unknown {
  switch (job.kind) {
    case 'train':
      return trainModels(job.set)
    case 'pack':
      return packed(job.state)
    case 'unpack':
      return unpacked(job.bytes)
  }
}

function packed(state: unknown): Uint8Array {
  return new Uint8Array(gzipSync(JSON.stringify(state), { level: COMPRESSION_LEVEL }))
}

function unpacked(bytes: Uint8Array): unknown {
  return JSON.parse(gunzipSync(bytes).toString('utf8'))
}
