/**
 * `verify-statement FILE --key PUB`: checks a signed statement with nothing but the file and the
 * collector's public key. What it checks is `journal/verify-statement.ts`.
 */
import { readFileSync } from 'node:fs'
import { type StatementVerdict, verifyStatement } from '../journal/verify-statement.ts'
import { type CommandResult, jsonText } from './command.ts'
import { keyOf, unreadable } from './verify.ts'

export interface VerifyStatementOptions {
  readonly key?: string
  readonly json?: boolean
}

export function runVerifyStatement(file: string, options: VerifyStatementOptions): CommandResult {
  const key = options.key === undefined ? null : keyOf(options.key)
  const verdict = verifyStatement(readStatement(file), key)
  const exitCode = verdict.status === 'verified' ? 0 : 1
  const stdout = options.json === true ? jsonText(factsOf(verdict)) : textOf(verdict)
  return { exitCode, stdout }
}

function readStatement(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function textOf(verdict: StatementVerdict): string {
  if (verdict.status === 'broken') {
    const { fault, line } = verdict
    const where = line === 0 ? '' : ` (line ${line} of the statement)`
    return `not verified: ${fault.replaceAll('_', ' ')}${where}\n`
  }
  const { facts } = verdict
  const signed = facts.isSignatureChecked
    ? `signed as ${facts.origin}`
    : `of ${facts.origin}; no signature was checked: give --key`
  const { from, to, known_at: knownAt, finality } = facts.statement
  return [
    `a statement of ${facts.lines} lines that add up, ${signed}`,
    `from ${from} to ${to}, known at ${knownAt}, ${finality}`,
    `its hash is ${facts.sha256}`,
    '',
  ].join('\n')
}

function factsOf(verdict: StatementVerdict) {
  if (verdict.status === 'broken') return verdict
  const { origin, sha256, isSignatureChecked, statement } = verdict.facts
  const signature = isSignatureChecked ? 'verified' : 'not_checked'
  return { status: 'verified', origin, sha256, signature, statement }
}
