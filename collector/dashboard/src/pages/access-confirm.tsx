/** A question before something is ended for good, with what came of it. */
import { useQueryClient } from '@tanstack/react-query'
import { Modal, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

export interface ConfirmProps {
  readonly title: string
  readonly text: string
  readonly verb: string
  readonly act: () => Promise<unknown>
  readonly onClose: () => void
}

export function Confirm({ title, text, verb, act, onClose }: ConfirmProps) {
  const { t } = useTranslation('access')
  const queries = useQueryClient()
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const run = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await act()
      void queries.invalidateQueries()
      onClose()
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      open
      title={title}
      okText={verb}
      cancelText={t('cancel')}
      okButtonProps={{ danger: true }}
      confirmLoading={isBusy}
      onOk={run}
      onCancel={onClose}
    >
      <Typography.Paragraph>{text}</Typography.Paragraph>
      {problem === null ? null : (
        <Typography.Paragraph type="danger" role="alert">
          {t('failed', { detail: problem })}
        </Typography.Paragraph>
      )}
    </Modal>
  )
}
