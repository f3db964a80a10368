/**
 * `verify EXPORT --key PUB`: checks an export with nothing but the file and the collector's public
 * key. What it checks and how is `journal/verify-export.ts`; here are files, options and sentences.
 */
import { createReadStream, readFileSync } from 'node:fs'
import { ALGORITHM_ED25519, ALGORITHM_SM2, AppError, errorSentence } from '@yiben/shared'
import type { EntryMark } from '../journal/verify.ts'
import { type ExportFacts, type ExportVerdict, verifyExport } from '../journal/verify-export.ts'
import { parseVerifierKey, type VerifierKey } from '../journal/verify-note.ts'
import type { TrustedKey } from '../journal/verify-signed.ts'
import { type CommandResult, jsonText } from './command.ts'

export interface VerifyOptions {
  readonly key?: string
  readonly checkpoint?: string
  readonly witness?: string
  readonly head?: string
  readonly json?: boolean
}

export async function runVerify(file: string, options: VerifyOptions): Promise<CommandResult> {
  const question = {
    key: options.key === undefined ? null : keyOf(options.key),
    witness: options.witness === undefined ? null : witnessOf(options.witness),
    seen: options.checkpoint === undefined ? null : readNote(options.checkpoint),
    head: options.head === undefined ? null : headOf(options.head),
  }
  const verdict = await verifyFile(file, question)
  const exitCode = verdict.status === 'verified' ? 0 : 1
  if (options.json === true) return { exitCode, stdout: jsonText(factsOf(verdict)) }
  const stdout = verdict.status === 'verified' ? verifiedText(verdict.facts) : brokenText(verdict)
  return { exitCode, stdout }
}

async function verifyFile(file: string, question: Parameters<typeof verifyExport>[1]) {
  try {
    return await verifyExport(createReadStream(file), question)
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw unreadable(file, error)
    throw error
  }
}

/** A verifier key as C2SP signed-note writes it, or the bare public key in hex. */
export function keyOf(text: string): TrustedKey {
  if (/^[0-9a-f]{64}$/.test(text)) return { algorithm: ALGORITHM_ED25519, publicKey: text }
  if (/^0[23][0-9a-f]{64}$/.test(text)) return { algorithm: ALGORITHM_SM2, publicKey: text }
  const key = parseVerifierKey(text)
  if (key?.kind === 'note') return key
  const sentence = '--key must be a public key, as `yiben-collector key` prints it'
  throw new AppError('usage_invalid', sentence)
}

function witnessOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if (key?.kind === 'cosignature') return key
  throw new AppError('usage_invalid', '--witness must be the verifier key of a witness')
}

function headOf(text: string): EntryMark {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined) {
    throw new AppError('usage_invalid', '--head must be SEQ:HASH, as `verify` prints it')
  }
  return { seq: Number(seq), hash }
}

function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

export function unreadable(file: string, error: unknown): AppError {
  const sentence = `${file} cannot be read: ${errorSentence(error)}`
  return new AppError('disk_failed', sentence, { cause: error })
}

function verifiedText(facts: ExportFacts): string {
  const { seq, hash } = facts.head
  const signed = facts.isSignatureChecked
    ? `signed as ${facts.origin}`
    : `of ${facts.origin}; no signature was checked: give --key`
  const hours = facts.hoursUnproven === 0 ? '' : `, ${facts.hoursUnproven} not sealed yet`
  return [
    `${seq} entries verified, ${signed}`,
    `the root over them is ${facts.root}`,
    `the head is ${seq}:${hash}`,
    `${facts.hoursProven} hours are the ones sealed${hours}`,
    ...facts.cosignatures.map(
      ({ name, keyId, seconds, size, isChecked }) =>
        `cosigned up to ${size} by ${name}+${keyId} at ${timeOf(seconds)}` +
        (isChecked ? ', verified' : '; not checked: give --witness'),
    ),
    '',
  ].join('\n')
}

function brokenText(verdict: Extract<ExportVerdict, { status: 'broken' }>): string {
  const { fault, line, atSeq, hourMs } = verdict
  const hour = hourMs === null ? '' : `, hour ${new Date(hourMs).toISOString()}`
  return `not verified: ${fault.replaceAll('_', ' ')} (line ${line}, entry ${atSeq}${hour})\n`
}

function factsOf(verdict: ExportVerdict) {
  if (verdict.status === 'broken') {
    const { fault, line, atSeq, hourMs } = verdict
    const hour = hourMs === null ? null : new Date(hourMs).toISOString()
    return { status: 'broken', fault, line, at_seq: atSeq, hour }
  }
  const { facts } = verdict
  return {
    status: 'verified',
    origin: facts.origin,
    generation: facts.generation,
    seq: facts.head.seq,
    hash: facts.head.hash,
    root: facts.root,
    signature: facts.isSignatureChecked ? 'verified' : 'not_checked',
    cosignatures: facts.cosignatures.map(({ name, keyId, seconds, size, isChecked }) => ({
      witness: name,
      key_id: keyId,
      cosigned_at: timeOf(seconds),
      size,
      signature: isChecked ? 'verified' : 'not_checked',
    })),
    hours_proven: facts.hoursProven,
    hours_unproven: facts.hoursUnproven,
    lines: facts.lines,
  }
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}
