/**
 * The HTTP interface: fastify with its plugins, and one line per noun. Everything is described in
 * OpenAPI 3.1 at `/v1/openapi.json`, for people at `/docs`; both say only what the sources say and
 * need no token. The dashboard's files are served beside it.
 */
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { AppError } from '@yiben/shared'
import { fastify } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { App } from './app.ts'
import { auditHooks } from './audit-hooks.ts'
import { authenticator } from './auth.ts'
import type { ApiContext } from './context.ts'
import { serveDashboard } from './dashboard.ts'
import { errorHandler } from './errors.ts'
import { AskedRoutes } from './exports/asked-routes.ts'
import { Metrics } from './metrics.ts'
import { acceleratorsRoutes } from './routes/accelerators.ts'
import { accountsRoutes } from './routes/accounts.ts'
import { auditRoutes } from './routes/audit.ts'
import { balanceRoutes } from './routes/balance.ts'
import { capacityRoutes } from './routes/capacity.ts'
import { capacityOutlookRoutes } from './routes/capacity-outlook.ts'
import { changesRoutes } from './routes/changes.ts'
import { childrenRoutes } from './routes/children.ts'
import { codesRoutes } from './routes/codes.ts'
import { conflictsRoutes } from './routes/conflicts.ts'
import { correctionsRoutes } from './routes/corrections.ts'
import { definitionsRoutes } from './routes/definitions.ts'
import { depositSummaryRoutes } from './routes/deposit-summary.ts'
import { depositsRoutes } from './routes/deposits.ts'
import { drawsRoutes } from './routes/draws.ts'
import { exportsRoutes } from './routes/exports.ts'
import { findingsRoutes } from './routes/findings.ts'
import { forecastHoursRoutes } from './routes/forecast-hours.ts'
import { forecastScoreRoutes } from './routes/forecast-score.ts'
import { journalRoutes } from './routes/journal.ts'
import { leasesRoutes } from './routes/leases.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { liveRoutes } from './routes/live.ts'
import { modelsRoutes } from './routes/models.ts'
import { nodeCardsRoutes } from './routes/node-cards.ts'
import { nodesRoutes } from './routes/nodes.ts'
import { operationsRoutes } from './routes/operations.ts'
import { promisesRoutes } from './routes/promises.ts'
import { qualityRoutes } from './routes/quality.ts'
import { recoveryRoutes } from './routes/recovery.ts'
import { regionsRoutes } from './routes/regions.ts'
import { reportsRoutes } from './routes/reports.ts'
import { rollupsRoutes } from './routes/rollups.ts'
import { secondFactorRoutes } from './routes/second-factor.ts'
import { sessionRoutes } from './routes/session.ts'
import { sessionOidcRoutes } from './routes/session-oidc.ts'
import { siteFactsRoutes } from './routes/site-facts.ts'
import { sitesRoutes } from './routes/sites.ts'
import { tokensRoutes } from './routes/tokens.ts'

/** For a whole request, its body included: whoever sends a byte at a time holds a socket no longer. */
const REQUEST_MS_MAX = 60_000
/** A site with 200 declared models is 40 KB. */
const BODY_BYTES_MAX = 256 * 1024
const URL_PARAM_LENGTH_MAX = 200
const RATE_WINDOW_MS = 60_000
const DOCS_PATH = '/docs'

export interface ApiServerOptions {
  readonly context: ApiContext
  /** Makes the server that is listened on: plain or TLS. Default: plain. */
  readonly createServer?: (handler: RequestListener) => Server
}

export async function buildApi(options: ApiServerOptions): Promise<App> {
  const { context, createServer = createPlainServer } = options
  const logger = context.logger.child({ component: 'api' })
  const onError = errorHandler(logger)
  const app: App = fastify<Server>({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    // A path that is not well written comes to no route, and to none of the hooks.
    frameworkErrors: (error, request, reply) => void onError(error, request, reply),
    routerOptions: { maxParamLength: URL_PARAM_LENGTH_MAX },
    // Links are upgraded on the same server and closed by the gateway, streams by the signal.
    forceCloseConnections: true,
    serverFactory: (handler: RequestListener) => createServer(handler),
  }).withTypeProvider<ZodTypeProvider>()
  const metrics = new Metrics()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(onError)
  app.decorateRequest('asker', null)
  app.addHook('preParsing', authenticator(context))
  auditHooks(app, context)
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    })
    done()
  })
  app.addHook('onClose', (_app, done) => {
    metrics.close()
    done()
  })
  await registerPlugins(app, context)
  await serveDashboard(app, context.access.dashboardDir)
  registerRoutes(app, context, metrics)
  await app.ready()
  return app
}

async function registerPlugins(app: App, { settings }: ApiContext): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(DOCS_PATH)) route.config = { ...route.config, access: 'open' }
  })
  await app.register(cookie)
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  })
  await app.register(rateLimit, {
    max: settings.requestsPerMinute,
    timeWindow: RATE_WINDOW_MS,
    errorResponseBuilder: (_request, limit) =>
      new AppError('rate_limited', `more than ${limit.max} requests a minute from one address`),
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Yiben',
        description:
          'The ledger of a country’s accelerators: what is there, what it does, what is deposited.',
        version: '1',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'yiben_session' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  await app.register(swaggerUi, { routePrefix: DOCS_PATH, staticCSP: true })
}

function registerRoutes(app: App, context: ApiContext, metrics: Metrics): void {
  const asked = new AskedRoutes(app)
  sessionRoutes(app, context)
  sessionOidcRoutes(app, context)
  secondFactorRoutes(app, context)
  tokensRoutes(app, context)
  auditRoutes(app, context)
  liveRoutes(app, context)
  ledgerRoutes(app, context)
  rollupsRoutes(app, context)
  correctionsRoutes(app, context)
  reportsRoutes(app, context)
  balanceRoutes(app, context)
  nodesRoutes(app, context)
  nodeCardsRoutes(app, context)
  acceleratorsRoutes(app, context)
  childrenRoutes(app, context)
  conflictsRoutes(app, context)
  findingsRoutes(app, context)
  sitesRoutes(app, context)
  siteFactsRoutes(app, context)
  codesRoutes(app, context)
  regionsRoutes(app, context)
  modelsRoutes(app, context)
  definitionsRoutes(app, context)
  depositsRoutes(app, context)
  depositSummaryRoutes(app, context)
  changesRoutes(app, context)
  capacityRoutes(app, context)
  drawsRoutes(app, context)
  leasesRoutes(app, context)
  capacityOutlookRoutes(app, context)
  accountsRoutes(app, context)
  promisesRoutes(app, context)
  qualityRoutes(app, context)
  recoveryRoutes(app, context)
  journalRoutes(app, context)
  forecastHoursRoutes(app, context)
  forecastScoreRoutes(app, context)
  operationsRoutes(app, context, metrics)
  exportsRoutes(app, context, asked)
  app.get(
    '/v1/openapi.json',
    { config: { access: 'open' }, schema: { hide: true } },
    (_request, reply) => reply.send(app.swagger()),
  )
}
