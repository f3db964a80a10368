/** Making a token: who it is for and what it may see; then its text, once. */
import { useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Flex, Form, Input, InputNumber, Modal, Select, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import type { Role } from '../api/session.ts'

const ROLES: readonly Role[] = [
  'regulator',
  'operator',
  'admin',
  'bank',
  'auditor',
  'security',
  'metrics',
]
/** An enrollment token has no role: it admits nodes of its site. */
const ENROLL = 'enroll'
const DAYS = [1, 7, 14, 90, 365] as const
const DAYS_DEFAULT = 14

interface Asked {
  readonly role: Role | typeof ENROLL
  readonly region?: string
  readonly site?: string
  readonly from?: string
  readonly uses?: number | null
  readonly days: number
}

export function NewToken({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('access')
  const { t: common } = useTranslation()
  const queries = useQueryClient()
  const [made, setMade] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const make = async ({ role, region, site, from, uses, days }: Asked) => {
    setBusy(true)
    setProblem(null)
    try {
      const { token } = await sendJson<{ readonly token: string }>('POST', '/v1/tokens', {
        role: role === ENROLL ? undefined : role,
        region_code: textOf(region),
        site_code: textOf(site),
        from: textOf(from),
        uses: uses ?? undefined,
        ttl: `${days}d`,
      })
      setMade(token)
      void queries.invalidateQueries({ queryKey: ['/v1/tokens'] })
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      open
      title={t('tokens.create')}
      footer={null}
      onCancel={onClose}
      // What is shown once is not lost by a click beside it.
      mask={{ closable: made === null }}
    >
      {made !== null ? (
        <Flex vertical gap={12}>
          <Alert
            type="success"
            showIcon
            title={t('tokens.made')}
            description={t('tokens.made_help')}
          />
          <Typography.Paragraph copyable code style={{ margin: 0, overflowWrap: 'anywhere' }}>
            {made}
          </Typography.Paragraph>
          <Button onClick={onClose}>{t('tokens.close')}</Button>
        </Flex>
      ) : (
        <Form<Asked>
          layout="vertical"
          initialValues={{ role: 'regulator', days: DAYS_DEFAULT }}
          onFinish={make}
        >
          <Form.Item name="role" label={t('tokens.role')}>
            <Select
              options={[
                ...ROLES.map((value) => ({ value, label: common(`role.${value}`) })),
                { value: ENROLL, label: t('tokens.kinds.enroll') },
              ]}
            />
          </Form.Item>
          <Form.Item name="region" label={t('tokens.scope_region')}>
            <Input maxLength={6} inputMode="numeric" />
          </Form.Item>
          <Form.Item name="site" label={t('tokens.scope_site')}>
            <Input maxLength={64} />
          </Form.Item>
          <Form.Item name="from" label={t('tokens.from')}>
            <Input maxLength={64} placeholder="10.0.0.0/8" />
          </Form.Item>
          <Form.Item noStyle dependencies={['role']}>
            {({ getFieldValue }) =>
              getFieldValue('role') === ENROLL ? (
                <Form.Item name="uses" label={t('tokens.uses')}>
                  <InputNumber min={1} precision={0} />
                </Form.Item>
              ) : null
            }
          </Form.Item>
          <Form.Item name="days" label={t('tokens.ttl')}>
            <Select
              options={DAYS.map((value) => ({
                value,
                label: t('tokens.ttl_days', { count: value }),
              }))}
            />
          </Form.Item>
          {problem === null ? null : (
            <Typography.Paragraph type="danger" role="alert">
              {t('failed', { detail: problem })}
            </Typography.Paragraph>
          )}
          <Button type="primary" htmlType="submit" loading={isBusy}>
            {t('tokens.create_button')}
          </Button>
        </Form>
      )}
    </Modal>
  )
}

function textOf(given: string | undefined): string | undefined {
  const text = given?.trim() ?? ''
  return text === '' ? undefined : text
}
