/** Enrollment and access tokens: only hashes of their secrets are here. */
import { AppError } from '@yiben/shared'
import { tokenOf } from '../access-rows.ts'
import type { TokenRow } from '../requests.ts'
import type { Store } from '../store.ts'
import type { Database } from './driver.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

type TokenMethods = Pick<Store, 'createToken' | 'revokeToken' | 'listTokens' | 'findToken'>

export function tokenMethods(db: Database): TokenMethods {
  return {
    createToken: async (token, outbox) => {
      await refuseUnknownSite(db, token.siteCode)
      await db.run(
        sql`INSERT INTO tokens (token_id, kind, secret_hash, site_code, role, region_code, cidr,
           uses_left, created_at_ms, expires_at_ms, revoked_at_ms, child_name)
         VALUES (${token.tokenId}, ${token.kind}, ${token.secretHash}, ${token.siteCode},
           ${token.role}, ${token.regionCode}, ${token.cidr}, ${token.usesLeft},
           ${token.createdAtMs}, ${token.expiresAtMs}, ${token.revokedAtMs},
           ${token.childName ?? null})`,
      )
      addToOutbox(db, outbox)
    },

    revokeToken: async (tokenId, atMs, outbox) => {
      const token = await lockToken(db, tokenId)
      if (token === null) return { status: 'not_found' }
      // Revoked already: the first time stands, and its entry.
      if (token.revokedAtMs !== null) return { status: 'revoked' }
      await db.run(sql`UPDATE tokens SET revoked_at_ms = ${atMs} WHERE token_id = ${tokenId}`)
      addToOutbox(db, outbox)
      return { status: 'revoked' }
    },

    listTokens: async () =>
      (await db.all(sql`SELECT * FROM tokens ORDER BY created_at_ms, token_id`)).map(tokenOf),

    findToken: async (tokenId) => await findToken(db, tokenId),
  }
}

export async function findToken(db: Database, tokenId: string): Promise<TokenRow | null> {
  const row = await db.get(sql`SELECT * FROM tokens WHERE token_id = ${tokenId}`)
  return row === undefined ? null : tokenOf(row)
}

/** Nobody else uses or revokes it until this transaction ends. */
export async function lockToken(db: Database, tokenId: string): Promise<TokenRow | null> {
  const row = await db.get(sql`SELECT * FROM tokens WHERE token_id = ${tokenId} FOR UPDATE`)
  return row === undefined ? null : tokenOf(row)
}

export async function useToken(db: Database, tokenId: string): Promise<void> {
  await db.run(
    sql`UPDATE tokens SET uses_left = uses_left - 1 WHERE token_id = ${tokenId}
      AND uses_left IS NOT NULL`,
  )
}

async function refuseUnknownSite(db: Database, siteCode: string | null): Promise<void> {
  if (siteCode === null) return
  if ((await db.get(sql`SELECT code FROM sites WHERE code = ${siteCode}`)) !== undefined) return
  throw new AppError('not_found', `There is no site ${siteCode}.`, { fields: { siteCode } })
}
