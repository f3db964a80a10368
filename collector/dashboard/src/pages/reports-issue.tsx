/** Issuing the report of a month that is over, for a region or the whole country. */
import { useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Form, Select, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { ReportHeadAnswer } from '../../../src/api/answers/report-schema.ts'
import { Problem, sendJson } from '../api/client.ts'
import type { Session } from '../api/session.ts'
import { TIME_ZONE } from '../format.ts'
import { Section } from '../parts/section.tsx'
import { languageOf } from '../text/index.ts'
import { useNames } from './ledger-names.ts'
import { monthsUntil } from './verification-figures.ts'

const COUNTRY = 'country'
const MONTHS_OFFERED = 24

interface Asked {
  readonly region: string
  readonly month: string
}

export function IssueSection({ session }: { readonly session: Session }) {
  const { t } = useTranslation('reports')
  const [, navigate] = useLocation()
  const queries = useQueryClient()
  const regions = useRegionOptions(session)
  const [months] = useState(pastMonths)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const issue = async ({ region, month }: Asked) => {
    setBusy(true)
    setProblem(null)
    try {
      const body = { region: region === COUNTRY ? null : region, month, tz: TIME_ZONE }
      const report = await sendJson<ReportHeadAnswer>('POST', '/v1/reports', body)
      void queries.invalidateQueries({ queryKey: ['/v1/reports'] })
      navigate(`/reports/${encodeURIComponent(report.report_id)}`)
    } catch (error) {
      const isEarly = error instanceof Problem && error.code === 'month_not_over'
      const detail = error instanceof Error ? error.message : String(error)
      setProblem(isEarly ? t('month_not_over') : detail)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Section title={t('issue')}>
      <Typography.Paragraph type="secondary">{t('issue_help')}</Typography.Paragraph>
      <Form<Asked>
        layout="vertical"
        className="asking"
        initialValues={{ region: regions[0]?.value, month: months[0] }}
        onFinish={issue}
      >
        <Form.Item name="region" label={t('region')}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={regions}
            style={{ width: 220 }}
          />
        </Form.Item>
        <Form.Item name="month" label={t('month')}>
          <Select
            options={months.map((value) => ({ value, label: value }))}
            style={{ width: 120 }}
          />
        </Form.Item>
        <Form.Item>
          <Button type="primary" htmlType="submit" loading={isBusy}>
            {t('issue_button')}
          </Button>
        </Form.Item>
      </Form>
      {problem === null ? null : (
        <Alert type="error" showIcon title={t('issue_failed', { detail: problem })} />
      )}
    </Section>
  )
}

/** What this session speaks for: everything, or its own region only. */
function useRegionOptions({ region_code }: Session) {
  const { t, i18n } = useTranslation('reports')
  const names = useNames()
  const isZh = languageOf(i18n.language) === 'zh'
  if (region_code !== null) {
    return [{ value: region_code, label: `${names.of('region', region_code)} ${region_code}` }]
  }
  const provinces = (names.regions?.provinces ?? []).map((one) => ({
    value: one.code,
    label: `${isZh ? one.name_zh : one.name_en} ${one.code}`,
  }))
  return [{ value: COUNTRY, label: t('country') }, ...provinces]
}

/** Months that are over where the ledger's days are counted, newest first. */
function pastMonths(): readonly string[] {
  const now = new Date().toLocaleDateString('en-CA', { timeZone: TIME_ZONE }).slice(0, 7)
  return monthsUntil(now, MONTHS_OFFERED + 1).slice(1)
}
