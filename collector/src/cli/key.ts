/**
 * `key`: the public half of the collector's key, as `verify --key` and transparency-log tools take
 * it. Whoever verifies needs it from here, not from the export.
 */
import { AppError } from '@yiben/shared'
import { readIdentity } from '../identity-file.ts'
import { ledgerSigner } from '../journal/checkpoint.ts'
import { type CommandContext, type CommandResult, jsonText, withLedger } from './command.ts'

export async function runKey(context: CommandContext): Promise<CommandResult> {
  const { dataDir } = context.config
  const ledger = await withLedger(context, (store) => store.ledgerState())
  const identity = readIdentity(dataDir)
  if (identity === null) {
    throw new AppError('state_missing', `there is no identity.key in ${dataDir}`)
  }
  const { verifierKey } = ledgerSigner(ledger, identity)
  const stdout = context.json
    ? jsonText({
        public_key: identity.publicKey,
        algorithm: identity.algorithm,
        verifier_key: verifierKey,
      })
    : `${verifierKey}\n`
  return { exitCode: 0, stdout }
}
