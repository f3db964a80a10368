/** `GET /v1/regions`: provinces, hubs and clusters that figures are grouped by. */
import { regionsAnswer, regionsSchema } from '../answers/reference.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { PROBLEMS } from '../schemas.ts'

export function regionsRoutes(app: App, { catalogue }: ApiContext): void {
  app.get(
    '/v1/regions',
    {
      config: { access: 'reference' },
      schema: {
        summary: 'Provinces, hubs and clusters',
        response: { 200: regionsSchema, ...PROBLEMS },
      },
    },
    () => regionsAnswer(catalogue),
  )
}
