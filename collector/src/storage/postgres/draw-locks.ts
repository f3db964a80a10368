/** The lock of a draw: who writes of it, or of its accounts, holds it. */
import type { DrawId } from '../../model/draw.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Nothing else is decided on these draws until this transaction ends. */
export async function lockDraws(db: Database, drawIds: readonly DrawId[]): Promise<void> {
  await db.run(sql`
    SELECT 1 FROM draws WHERE draw_id = ANY(${drawIds}::text[])
    ORDER BY draw_id FOR NO KEY UPDATE`)
}
