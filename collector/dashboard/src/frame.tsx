/** Header, menu and banners around a page. The menu has what the role may open, and no more. */

import { Alert, Button, Flex, Layout, Menu, Result, Tag, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, Redirect, useLocation } from 'wouter'
import { useAnswer } from './api/client.ts'
import { type LiveState, useLive } from './api/live.ts'
import { hearsNews, type Role, type Session, useLogout } from './api/session.ts'
import { isPast, PastNotice, useInstant } from './parts/instant.tsx'
import { Switches } from './parts/switches.tsx'

const PEOPLE: readonly Role[] = ['admin', 'operator', 'regulator', 'auditor']

/** As `collector/src/api/access.ts` has it: a page is there for who may read what it shows. */
const PAGES: readonly {
  readonly name: string
  readonly path: string
  readonly roles: readonly Role[]
}[] = [
  { name: 'ledger', path: '/', roles: [...PEOPLE, 'bank'] },
  { name: 'utilization', path: '/utilization', roles: [...PEOPLE, 'bank'] },
  { name: 'bank', path: '/bank', roles: [...PEOPLE, 'bank'] },
  { name: 'nodes', path: '/nodes', roles: [...PEOPLE, 'security'] },
  { name: 'verification', path: '/verification', roles: [...PEOPLE, 'security'] },
  { name: 'reports', path: '/reports', roles: PEOPLE },
  { name: 'access', path: '/access', roles: ['security', 'auditor'] },
  { name: 'definitions', path: '/definitions', roles: [...PEOPLE, 'bank', 'security', 'metrics'] },
]

export function Frame({
  session,
  children,
}: {
  readonly session: Session
  readonly children: ReactNode
}) {
  const { t } = useTranslation()
  const [path] = useLocation()
  const [instant] = useInstant()
  const live = useLive(!isPast(instant) && hearsNews(session.role))
  const open = PAGES.filter(({ roles }) => roles.includes(session.role))
  const current = PAGES.findLast((page) => path === page.path || path.startsWith(`${page.path}/`))
  const isOpen = current === undefined || open.includes(current)
  return (
    <Layout style={{ minHeight: '100vh' }}>
      <a className="skip-link" href="#content">
        {t('skip')}
      </a>
      <Layout.Header className="no-print frame-header">
        <Link href="/" style={{ fontSize: 18, fontWeight: 700, whiteSpace: 'nowrap' }}>
          {t('title')}
        </Link>
        <Menu
          mode="horizontal"
          // What does not fit is scrolled to, not hidden: hidden links would still take the focus.
          disabledOverflow
          aria-label={t('menu')}
          style={{ flex: '1 1 240px', minWidth: 0, borderBottom: 0, overflowX: 'auto' }}
          selectedKeys={current === undefined ? [] : [current.name]}
          items={open.map(({ name, path: href }) => ({
            key: name,
            label: <Link href={href}>{t(`pages.${name}`)}</Link>,
          }))}
        />
        <Tools session={session} live={live} />
      </Layout.Header>
      <DemoNotice />
      <PastNotice />
      <Layout.Content
        id="content"
        tabIndex={-1}
        style={{ padding: 16, maxWidth: 1600, width: '100%', margin: '0 auto' }}
      >
        {isOpen ? children : <NotAllowed home={path === '/' ? open[0]?.path : undefined} />}
      </Layout.Content>
    </Layout>
  )
}

/** Who comes to the first page and may not see it is led to what is theirs. */
function NotAllowed({ home }: { readonly home: string | undefined }) {
  const { t } = useTranslation()
  if (home !== undefined) return <Redirect to={home} replace />
  return <Result status="403" title={<h1>{t('not_allowed')}</h1>} />
}

function Tools({ session, live }: { readonly session: Session; readonly live: LiveState }) {
  const { t } = useTranslation()
  const logout = useLogout()
  const scope = [session.region_code, session.site_code].filter((part) => typeof part === 'string')
  return (
    <Flex align="center" gap={8} wrap style={{ whiteSpace: 'nowrap' }}>
      <Tag color={live === 'live' ? 'green' : 'default'} role="status">
        {t(`live.${live}`)}
      </Tag>
      <Typography.Text type="secondary">
        {[t(`role.${session.role}`), ...scope].join(' · ')}
      </Typography.Text>
      <Switches />
      <Button size="small" onClick={() => void logout()}>
        {t('logout')}
      </Button>
    </Flex>
  )
}

function DemoNotice() {
  const { t } = useTranslation()
  const definitions = useAnswer<{ readonly demo: boolean }>('/v1/definitions')
  if (definitions.data?.demo !== true) return null
  return <Alert type="warning" banner title={t('demo')} />
}
