/** An administrator's word that nothing is wrong with a finding, with the reason for the journal. */
import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Input, Modal, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'

/** As the interface takes it. */
const BECAUSE_CHARACTERS_MAX = 500

export function ClearFinding({ findingId }: { readonly findingId: number }) {
  const { t } = useTranslation('verification')
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [isOpen, setOpen] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [because, setBecause] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const clear = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await sendJson('POST', `/v1/findings/${findingId}/clear`, { because: because.trim() })
      setOpen(false)
      void message.success(t('anomalies.clear_done'))
      void queries.invalidateQueries()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button size="small" className="no-print" onClick={() => setOpen(true)}>
        {t('anomalies.clear')}
      </Button>
      <Modal
        open={isOpen}
        title={t('anomalies.clear_title', { id: findingId })}
        okText={t('anomalies.clear')}
        cancelText={t('anomalies.clear_cancel')}
        okButtonProps={{ disabled: because.trim() === '' }}
        confirmLoading={isBusy}
        onOk={clear}
        onCancel={() => setOpen(false)}
      >
        <Typography.Paragraph>{t('anomalies.clear_help')}</Typography.Paragraph>
        <Input.TextArea
          aria-label={t('anomalies.clear_because')}
          placeholder={t('anomalies.clear_because')}
          value={because}
          maxLength={BECAUSE_CHARACTERS_MAX}
          rows={3}
          onChange={({ target }) => setBecause(target.value)}
        />
        {problem === null ? null : (
          <Typography.Paragraph type="danger" role="alert">
            {t('anomalies.clear_failed', { detail: problem })}
          </Typography.Paragraph>
        )}
      </Modal>
    </>
  )
}
