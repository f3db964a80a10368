/** The frame of every page: who is logged in, where one can go, language, shade, news. */
import { ConfigProvider, App as Messages } from 'antd'
import enGB from 'antd/locale/en_GB'
import zhCN from 'antd/locale/zh_CN'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Route, Switch } from 'wouter'
import { isHalfway, useSession } from './api/session.ts'
import { Frame } from './frame.tsx'
import { Answer } from './parts/answer.tsx'
import { NotFound } from './parts/not-found.tsx'
import { languageOf } from './text/index.ts'
import { themeOf, useShade } from './theme.ts'

const LoginPage = lazy(async () => ({ default: (await import('./pages/login.tsx')).LoginPage }))
const LedgerPage = lazy(async () => ({ default: (await import('./pages/ledger.tsx')).LedgerPage }))
const UtilizationPage = lazy(async () => ({
  default: (await import('./pages/utilization.tsx')).UtilizationPage,
}))
const BankPage = lazy(async () => ({ default: (await import('./pages/bank.tsx')).BankPage }))
const NodesPage = lazy(async () => ({ default: (await import('./pages/nodes.tsx')).NodesPage }))
const VerificationPage = lazy(async () => ({
  default: (await import('./pages/verification.tsx')).VerificationPage,
}))
const ReportsPage = lazy(async () => ({
  default: (await import('./pages/reports.tsx')).ReportsPage,
}))
const AccessPage = lazy(async () => ({ default: (await import('./pages/access.tsx')).AccessPage }))
const DefinitionsPage = lazy(async () => ({
  default: (await import('./pages/definitions.tsx')).DefinitionsPage,
}))

export function App() {
  const { i18n } = useTranslation()
  const [shade] = useShade()
  const locale = languageOf(i18n.language) === 'zh' ? zhCN : enGB
  return (
    <ConfigProvider locale={locale} theme={themeOf(shade)} button={{ autoInsertSpace: false }}>
      <Messages>
        <Pages />
      </Messages>
    </ConfigProvider>
  )
}

function Pages() {
  const session = useSession()
  return (
    <Answer of={session} rows={10}>
      {(who) =>
        who === null || isHalfway(who) ? (
          <Suspense fallback={null}>
            <LoginPage />
          </Suspense>
        ) : (
          <Frame session={who}>
            <Suspense fallback={null}>
              <Switch>
                <Route path="/" component={LedgerPage} />
                <Route path="/utilization/*?" component={UtilizationPage} />
                <Route path="/bank/*?" component={BankPage} />
                <Route path="/nodes/*?" component={NodesPage} />
                <Route path="/verification/*?" component={VerificationPage} />
                <Route path="/reports/*?" component={ReportsPage} />
                <Route path="/access/*?" component={AccessPage} />
                <Route path="/definitions" component={DefinitionsPage} />
                <Route component={NotFound} />
              </Switch>
            </Suspense>
          </Frame>
        )
      }
    </Answer>
  )
}
