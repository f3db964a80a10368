/** 登录: an access token or the login provider, and the second factor where one is asked for. */

import { Alert, Button, Card, Divider, Flex, Form, Input, type InputRef, Typography } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { useAnswer } from '../api/client.ts'
import {
  giveFactor,
  homeOf,
  isHalfway,
  type LoginMethods,
  login,
  providerPath,
  type Session,
  useLogout,
  useSession,
  useWelcome,
} from '../api/session.ts'
import { Switches } from '../parts/switches.tsx'
import { addTexts } from '../text/index.ts'
import { Enrolling } from './login-enroll.tsx'
import { asksForCode, tokenOf } from './login-problem.ts'
import { ProblemLine } from './login-problem-line.tsx'
import { loginText } from './login-text.ts'

addTexts('login', loginText)

const CODE_LENGTH_MAX = 64

export function LoginPage() {
  const { t } = useTranslation('login')
  const { data: session } = useSession()
  const enter = useEnter()
  const methods = useAnswer<LoginMethods>('/v1/session/methods')
  const { t: common } = useTranslation()
  return (
    <Flex vertical style={{ minHeight: '100vh' }} className="login">
      <Flex justify="flex-end" gap={8} style={{ padding: 16 }}>
        <Switches />
      </Flex>
      <main
        style={{
          boxSizing: 'border-box',
          width: '100%',
          maxWidth: 440,
          margin: '4vh auto',
          padding: '0 16px',
        }}
      >
        <Flex vertical gap={16}>
          <Typography.Text style={{ fontSize: 18, fontWeight: 700, textAlign: 'center' }}>
            {`${common('title')} · ${t('ledger')}`}
          </Typography.Text>
          {methods.data?.demo === true ? <Alert type="warning" title={t('demo')} /> : null}
          {session !== undefined && session !== null && isHalfway(session) ? (
            <SecondStep session={session} onDone={enter} />
          ) : (
            <FirstStep hasProvider={methods.data?.oidc === true} onDone={enter} />
          )}
        </Flex>
      </main>
    </Flex>
  )
}

/** Takes the session over; on the start page goes to what the role may open first. */
function useEnter(): (session: Session) => void {
  const welcome = useWelcome()
  const [path, navigate] = useLocation()
  return (session) => {
    welcome(session)
    if (path === '/' && !isHalfway(session)) navigate(homeOf(session.role))
  }
}

interface StepProps {
  readonly onDone: (session: Session) => void
}

function FirstStep({ hasProvider, onDone }: StepProps & { readonly hasProvider: boolean }) {
  const { t } = useTranslation('login')
  const [isCodeAsked, setCodeAsked] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const codeInput = useRef<InputRef>(null)
  useEffect(() => {
    if (isCodeAsked) codeInput.current?.focus()
  }, [isCodeAsked])
  const submit = async ({ token, code }: { token: string; code?: string }) => {
    setBusy(true)
    setProblem(null)
    try {
      onDone(await login(tokenOf(token), isCodeAsked ? (code ?? '').trim() : null))
    } catch (error) {
      // Asked for once, it is a step; asked for again, something is wrong.
      if (asksForCode(error) && !isCodeAsked) setCodeAsked(true)
      else setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Card title={<h1 style={{ margin: 0, fontSize: 18 }}>{t('title')}</h1>}>
      <Form layout="vertical" requiredMark={false} onFinish={submit}>
        <Form.Item
          name="token"
          label={t('token')}
          extra={t('token_help')}
          rules={[{ required: true, whitespace: true, message: t('token_missing') }]}
        >
          <Input.Password
            autoFocus
            autoComplete="current-password"
            spellCheck={false}
            size="large"
            onChange={() => setCodeAsked(false)}
          />
        </Form.Item>
        {isCodeAsked ? (
          <Form.Item
            name="code"
            label={t('code')}
            extra={t('code_help')}
            rules={[{ required: true, whitespace: true, message: t('code_missing') }]}
          >
            <Input
              ref={codeInput}
              autoComplete="one-time-code"
              maxLength={CODE_LENGTH_MAX}
              size="large"
              className="tabular"
            />
          </Form.Item>
        ) : null}
        <ProblemLine of={problem} />
        <Button type="primary" htmlType="submit" size="large" block loading={isBusy}>
          {t('enter')}
        </Button>
      </Form>
      {hasProvider ? (
        <>
          <Divider plain>{t('or')}</Divider>
          <Button block size="large" href={providerPath(location.pathname + location.search)}>
            {t('provider')}
          </Button>
        </>
      ) : null}
    </Card>
  )
}

function SecondStep({ session, onDone }: StepProps & { readonly session: Session }) {
  const { t } = useTranslation('login')
  const logout = useLogout()
  const isNew = session.second_factor === 'to_enroll'
  return (
    <Card
      title={
        <h1 style={{ margin: 0, fontSize: 18 }}>{t(isNew ? 'enroll.title' : 'verify_title')}</h1>
      }
    >
      <Flex vertical gap={12}>
        <Typography.Text strong>{t('who', { label: session.label })}</Typography.Text>
        {isNew ? <Enrolling onDone={onDone} /> : <Verifying onDone={onDone} />}
        <Button type="text" onClick={() => void logout()}>
          {t('leave')}
        </Button>
      </Flex>
    </Card>
  )
}

function Verifying({ onDone }: StepProps) {
  const { t } = useTranslation('login')
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async ({ code }: { code: string }) => {
    setBusy(true)
    setProblem(null)
    try {
      onDone(await giveFactor('verify', code.trim()))
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Form layout="vertical" requiredMark={false} onFinish={submit}>
      <Typography.Paragraph type="secondary">{t('verify_help')}</Typography.Paragraph>
      <Form.Item
        name="code"
        label={t('code')}
        extra={t('code_help')}
        rules={[{ required: true, whitespace: true, message: t('code_missing') }]}
      >
        <Input
          autoFocus
          autoComplete="one-time-code"
          maxLength={CODE_LENGTH_MAX}
          size="large"
          className="tabular"
        />
      </Form.Item>
      <ProblemLine of={problem} />
      <Button type="primary" htmlType="submit" size="large" block loading={isBusy}>
        {t('confirm')}
      </Button>
    </Form>
  )
}
