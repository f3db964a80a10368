/** `GET /v1/models`: makers, and models with the figure that their P counts. */
import { modelsAnswer, modelsSchema } from '../answers/reference.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { PROBLEMS } from '../schemas.ts'

export function modelsRoutes(app: App, { catalogue }: ApiContext): void {
  app.get(
    '/v1/models',
    {
      config: { access: 'reference' },
      schema: {
        summary: 'Makers and models of the catalogue',
        response: { 200: modelsSchema, ...PROBLEMS },
      },
    },
    () => modelsAnswer(catalogue),
  )
}
