/** What the configuration says of logging in, as the HTTP interface takes it; reads the secret file. */
import { join } from 'node:path'
import { AppError, type KeyPair, readIfThere } from '@yiben/shared'
import type { AccessSettings } from '../api/access-parts.ts'
import { loginKeyOf } from '../api/login/secret-box.ts'
import type { OidcConfig } from '../config/access-options.ts'
import type { CollectorConfig } from '../config.ts'

/** As a checkout builds it; packages name their own folder. */
const DASHBOARD_DIR = join(import.meta.dirname, '../../dashboard/dist')
const CALLBACK_PATH = '/v1/session/oidc/callback'

/** Throws `config_unreadable` for a secret that is not there. */
export function accessSettings(
  { access }: Pick<CollectorConfig, 'access'>,
  identity: KeyPair,
): AccessSettings {
  const { isSecure, oidc, publicOrigin } = access
  return {
    secondFactor: access.secondFactor,
    times: { idleMs: access.idleMs, absoluteMs: access.absoluteMs },
    cookies: { isSecure, publicOrigin },
    oidc:
      oidc === null
        ? null
        : {
            ...oidc,
            clientSecret: clientSecretOf(oidc),
            redirectUrl: `${publicOrigin ?? ''}${CALLBACK_PATH}`,
          },
    key: loginKeyOf(identity),
    identity,
    auditRetentionMs: access.auditRetentionMs,
    dashboardDir: access.dashboardDir === '' ? DASHBOARD_DIR : access.dashboardDir,
  }
}

function clientSecretOf({ clientSecretFile }: OidcConfig): string | null {
  if (clientSecretFile === null) return null
  const secret = readIfThere(clientSecretFile)?.trim() ?? ''
  if (secret !== '') return secret
  const sentence = `oidc.client_secret_file ${clientSecretFile} is not there, or empty`
  throw new AppError('config_unreadable', sentence)
}
