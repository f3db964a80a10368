/** `GET /v1/definitions`: what stands behind every figure, in words and as a formula. */
import { definitionsAnswer, definitionsSchema } from '../answers/definitions.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { PROBLEMS } from '../schemas.ts'

export function definitionsRoutes(app: App, { ledger }: ApiContext): void {
  app.get(
    '/v1/definitions',
    {
      config: { access: 'reference' },
      schema: {
        summary: 'What every figure means',
        response: { 200: definitionsSchema, ...PROBLEMS },
      },
    },
    () => ({ demo: ledger.isDemo, ...definitionsAnswer() }),
  )
}
