/** 账户与审计: who is let in (security), and who did what (auditor and security). */

import { Flex } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { type Role, useSession } from '../api/session.ts'
import { NotFound } from '../parts/not-found.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { addTexts } from '../text/index.ts'
import { AuditTab } from './access-audit.tsx'
import { FactorsTab, SessionsTab } from './access-people.tsx'
import { accessText } from './access-text.ts'
import { TokensTab } from './access-tokens.tsx'

addTexts('access', accessText)

const ROOT = '/access'

/** As `collector/src/api/access.ts` has it. */
const TABS: readonly {
  readonly name: string
  readonly roles: readonly Role[]
  readonly page: () => ReactNode
}[] = [
  { name: 'audit', roles: ['auditor', 'security'], page: () => <AuditTab /> },
  { name: 'tokens', roles: ['security'], page: () => <TokensTab /> },
  { name: 'sessions', roles: ['security'], page: () => <SessionsTab /> },
  { name: 'factors', roles: ['security'], page: () => <FactorsTab /> },
]

export function AccessPage() {
  const { t } = useTranslation('access')
  const [path] = useLocation()
  const { data: session } = useSession()
  if (session === undefined || session === null) return null
  const open = TABS.filter(({ roles }) => roles.includes(session.role))
  const current = open.find(({ name }) => name === path.slice(ROOT.length + 1)) ?? open[0]
  if (current === undefined) return <NotFound />
  return (
    <Flex vertical gap={12}>
      <PageHead title={t('title')} intro={t('intro')} />
      <TabLinks
        label={t('title')}
        root={ROOT}
        tabs={open.map(({ name }) => ({ name, label: t(`tabs.${name}`) }))}
        current={current.name}
      />
      {current.page()}
    </Flex>
  )
}
