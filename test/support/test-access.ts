/** Settings of access for the HTTP interface under test: no second factor, unless a test asks for it. */
import type { AccessSettings } from '../../collector/src/api/access-parts.ts'

const MINUTE = 60_000

export function testAccess(change: Partial<AccessSettings> = {}): AccessSettings {
  return {
    secondFactor: 'off',
    times: { idleMs: 30 * MINUTE, absoluteMs: 12 * 60 * MINUTE },
    cookies: { isSecure: false, publicOrigin: null },
    oidc: null,
    key: new Uint8Array(32).fill(9),
    identity: { algorithm: 1, publicKey: '0c'.repeat(32) },
    auditRetentionMs: 365 * 86_400_000,
    dashboardDir: '/nowhere',
    ...change,
  }
}
