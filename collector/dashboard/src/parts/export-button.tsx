/** A table as a file: asks for the purpose first, which goes into the audit log and the file. */
import { Button, Form, Input, Modal, Radio, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { pathOf, type Query } from '../api/client.ts'

const PURPOSE_MAX = 200

export interface ExportOf {
  /** A table of `/v1/exports`. */
  readonly table: string
  /** As the JSON route of the same table is asked. */
  readonly query?: Query
  /** The first is offered first; both unless said otherwise. */
  readonly formats?: readonly ExportFormat[]
}

type ExportFormat = 'xlsx' | 'csv'
const FORMATS: readonly ExportFormat[] = ['xlsx', 'csv']

export function ExportButton({ table, query = {}, formats = FORMATS }: ExportOf) {
  const { t, i18n } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const start = async ({ purpose, format }: { purpose: string; format: ExportFormat }) => {
    setBusy(true)
    setProblem(null)
    const asked = { ...query, purpose: purpose.trim(), lang: i18n.language }
    try {
      await download(pathOf(`/v1/exports/${table}.${format}`, asked), `${table}.${format}`)
      setOpen(false)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button className="no-print" onClick={() => setOpen(true)}>
        {t('export.button')}
      </Button>
      <Modal
        open={isOpen}
        title={t('export.title')}
        onCancel={() => setOpen(false)}
        footer={null}
        destroyOnHidden
      >
        <Form layout="vertical" initialValues={{ format: formats[0] }} onFinish={start}>
          <Form.Item name="format" label={t('export.format')}>
            <Radio.Group
              options={formats.map((value) => ({ value, label: value.toUpperCase() }))}
            />
          </Form.Item>
          <Form.Item
            name="purpose"
            label={t('export.purpose')}
            extra={t('export.purpose_help')}
            rules={[{ required: true, whitespace: true, message: t('export.purpose_missing') }]}
          >
            <Input maxLength={PURPOSE_MAX} showCount autoFocus />
          </Form.Item>
          {problem === null ? null : (
            <Typography.Paragraph type="danger" role="alert">
              {`${t('export.failed')}：${problem}`}
            </Typography.Paragraph>
          )}
          <Button type="primary" htmlType="submit" loading={isBusy}>
            {t('export.start')}
          </Button>
        </Form>
      </Modal>
    </>
  )
}

async function download(path: string, fallbackName: string): Promise<void> {
  const response = await fetch(path, { credentials: 'same-origin' })
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => null)
    const isTold = typeof body === 'object' && body !== null && 'detail' in body
    throw new Error(isTold ? String(body.detail) : `HTTP ${response.status}`)
  }
  const named = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = named?.[1] ?? fallbackName
  link.click()
  URL.revokeObjectURL(link.href)
}
