/** What lets people in and writes down what is asked: made once, of the settings of access. */
import type { Clock, KeyPair, Logger, Random } from '@yiben/shared'
import type { LoginRule } from '../config/access-options.ts'
import type { Store } from '../storage/store.ts'
import { AuditLog } from './audit-log.ts'
import type { CookieSettings } from './login/cookies.ts'
import { Logins, type LoginTimes } from './login/logins.ts'
import { Provider, type ProviderSettings } from './login/oidc.ts'
import { SecondFactors } from './login/second-factor.ts'
import { SecretBox } from './login/secret-box.ts'
import { Throttle } from './login/throttle.ts'

/** A whole office may stand behind one address: its people never wait for long. */
const ADDRESS_WAIT_MS_MAX = 60_000
/** Ids of tokens are no secret: nobody may keep a token's owner out by failing in their name. */
const TOKEN_WAIT_MS_MAX = 10_000

export interface AccessSettings {
  readonly secondFactor: 'required' | 'off'
  readonly times: LoginTimes
  readonly cookies: CookieSettings
  /** `null`: nobody logs in through a provider. */
  readonly oidc: (ProviderSettings & { readonly rules: readonly LoginRule[] }) | null
  /** Seals what must not be read from the ledger file (`loginKeyOf`). */
  readonly key: Uint8Array
  /** Goes into enrollment tokens. */
  readonly identity: Pick<KeyPair, 'algorithm' | 'publicKey'>
  /** The same; left out, or answering `null`: no authority is pinned. */
  readonly authorityPin?: () => string | null
  readonly auditRetentionMs: number
  /** Built files of the dashboard. */
  readonly dashboardDir: string
}

export interface AccessParts {
  readonly access: AccessSettings
  readonly audit: AuditLog
  readonly logins: Logins
  readonly secondFactors: SecondFactors
  readonly provider: Provider | null
  readonly addressThrottle: Throttle
  readonly tokenThrottle: Throttle
}

export function accessParts(parts: {
  readonly access: AccessSettings
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly onOutbox: () => void
}): AccessParts {
  const { access, clock, random } = parts
  const box = new SecretBox(access.key, random)
  return {
    access,
    audit: new AuditLog({
      ...parts,
      retentionMs: access.auditRetentionMs,
      onSealed: parts.onOutbox,
    }),
    logins: new Logins({ ...parts, times: access.times }),
    secondFactors: new SecondFactors({ ...parts, box }),
    provider:
      access.oidc === null ? null : new Provider({ settings: access.oidc, clock, random, box }),
    addressThrottle: new Throttle(clock, ADDRESS_WAIT_MS_MAX),
    tokenThrottle: new Throttle(clock, TOKEN_WAIT_MS_MAX),
  }
}
