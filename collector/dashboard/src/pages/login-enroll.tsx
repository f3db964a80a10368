/** Setting up a second factor: key and recovery codes are shown once, and a first code proves it. */
import { Button, Checkbox, Flex, Form, Input, QRCode, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Enrolment, enrollFactor, giveFactor, type Session } from '../api/session.ts'
import { ProblemLine } from './login-problem-line.tsx'

export interface EnrollingProps {
  readonly onDone: (session: Session) => void
}

export function Enrolling({ onDone }: EnrollingProps) {
  const { t } = useTranslation('login')
  const [made, setMade] = useState<Enrolment | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  if (made !== null) return <Confirming made={made} onDone={onDone} />
  const start = async () => {
    setBusy(true)
    setProblem(null)
    try {
      setMade(await enrollFactor())
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Typography.Text type="secondary">{t('enroll.help')}</Typography.Text>
      <ProblemLine of={problem} />
      <Button type="primary" size="large" block loading={isBusy} onClick={() => void start()}>
        {t('enroll.start')}
      </Button>
    </>
  )
}

function Confirming({ made, onDone }: EnrollingProps & { readonly made: Enrolment }) {
  const { t } = useTranslation('login')
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async ({ code }: { code: string }) => {
    setBusy(true)
    setProblem(null)
    try {
      onDone(await giveFactor('confirm', code.trim()))
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">{t('enroll.help')}</Typography.Text>
      <Flex justify="center">
        <div role="img" aria-label={t('enroll.qr')}>
          {/* Dark on light in both shades: readers of such codes want it so. */}
          <QRCode
            value={made.otpauth_uri}
            size={200}
            color="#000000"
            bgColor="#ffffff"
            type="svg"
          />
        </div>
      </Flex>
      <div>
        <Typography.Text type="secondary">{t('enroll.secret')}</Typography.Text>
        <Typography.Paragraph copyable={{ text: made.secret }} code style={{ margin: 0 }}>
          {grouped(made.secret)}
        </Typography.Paragraph>
      </div>
      <div style={{ overflowWrap: 'anywhere' }}>
        <Typography.Text type="secondary">{t('enroll.uri')}</Typography.Text>
        <Typography.Paragraph copyable style={{ margin: 0, fontSize: 12 }}>
          {made.otpauth_uri}
        </Typography.Paragraph>
      </div>
      <RecoveryCodes codes={made.recovery_codes} />
      <Form layout="vertical" requiredMark={false} onFinish={submit}>
        <Form.Item
          name="saved"
          valuePropName="checked"
          rules={[
            {
              validator: async (_, isSaved) => {
                if (isSaved !== true) throw new Error(t('enroll.must_save'))
              },
            },
          ]}
        >
          <Checkbox>{t('enroll.saved')}</Checkbox>
        </Form.Item>
        <Form.Item
          name="code"
          label={t('enroll.code')}
          rules={[{ required: true, whitespace: true, message: t('code_missing') }]}
        >
          <Input
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={8}
            size="large"
            className="tabular"
          />
        </Form.Item>
        <ProblemLine of={problem} />
        <Button type="primary" htmlType="submit" size="large" block loading={isBusy}>
          {t('enroll.finish')}
        </Button>
      </Form>
    </Flex>
  )
}

function RecoveryCodes({ codes }: { readonly codes: readonly string[] }) {
  const { t } = useTranslation('login')
  return (
    <div>
      <Typography.Text strong>{t('enroll.recovery')}</Typography.Text>
      <Typography.Paragraph type="secondary" style={{ margin: '0 0 8px' }}>
        {t('enroll.recovery_help')}
      </Typography.Paragraph>
      <ul
        className="tabular"
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))',
          gap: 4,
          listStyle: 'none',
          margin: 0,
          padding: 0,
        }}
      >
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Typography.Paragraph
        copyable={{ text: codes.join('\n'), tooltips: [t('enroll.copy_all'), t('enroll.copied')] }}
        style={{ margin: '8px 0 0' }}
      >
        {t('enroll.copy_all')}
      </Typography.Paragraph>
    </div>
  )
}

/** In fours, as people type it. */
function grouped(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, '$1 ')
}
