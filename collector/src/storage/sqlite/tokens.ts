/** Enrollment and access tokens: only hashes of their secrets are here. */
import { AppError } from '@yiben/shared'
import { tokenOf } from '../access-rows.ts'
import type { TokenRow } from '../requests.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { refuseOfChild } from './sites.ts'

type TokenMethods = Pick<SyncStore, 'createToken' | 'revokeToken' | 'listTokens' | 'findToken'>

export function tokenMethods(db: Database): TokenMethods {
  return {
    createToken: (token, outbox) => {
      refuseUnknownSite(db, token.siteCode)
      if (token.kind === 'enroll' && token.siteCode !== null) refuseOfChild(db, token.siteCode)
      db.run(
        `INSERT INTO tokens (token_id, kind, secret_hash, site_code, role, region_code, cidr,
           uses_left, created_at_ms, expires_at_ms, revoked_at_ms, child_name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        token.tokenId,
        token.kind,
        token.secretHash,
        token.siteCode,
        token.role,
        token.regionCode,
        token.cidr,
        token.usesLeft,
        token.createdAtMs,
        token.expiresAtMs,
        token.revokedAtMs,
        token.childName ?? null,
      )
      addToOutbox(db, outbox)
    },

    revokeToken: (tokenId, atMs, outbox) => {
      const token = findToken(db, tokenId)
      if (token === null) return { status: 'not_found' }
      // Revoked already: the first time stands, and its entry.
      if (token.revokedAtMs !== null) return { status: 'revoked' }
      db.run('UPDATE tokens SET revoked_at_ms = ? WHERE token_id = ?', atMs, tokenId)
      addToOutbox(db, outbox)
      return { status: 'revoked' }
    },

    listTokens: () => db.all('SELECT * FROM tokens ORDER BY created_at_ms, token_id').map(tokenOf),

    findToken: (tokenId) => findToken(db, tokenId),
  }
}

export function findToken(db: Database, tokenId: string): TokenRow | null {
  const row = db.get('SELECT * FROM tokens WHERE token_id = ?', tokenId)
  return row === undefined ? null : tokenOf(row)
}

export function useToken(db: Database, tokenId: string): void {
  db.run(
    'UPDATE tokens SET uses_left = uses_left - 1 WHERE token_id = ? AND uses_left IS NOT NULL',
    tokenId,
  )
}

function refuseUnknownSite(db: Database, siteCode: string | null): void {
  if (siteCode === null) return
  if (db.get('SELECT code FROM sites WHERE code = ?', siteCode) !== undefined) return
  throw new AppError('not_found', `There is no site ${siteCode}.`, { fields: { siteCode } })
}
