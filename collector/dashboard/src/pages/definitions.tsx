/** 口径: what every figure means, each under an address that figures lead to (`#free`). */

import { Flex, Input, Tag, Typography } from 'antd'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Definition } from '../../../src/api/answers/definition.ts'
import { useAnswer } from '../api/client.ts'
import { Answer } from '../parts/answer.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { addTexts, languageOf } from '../text/index.ts'
import { foundDefinitions } from './definitions-search.ts'
import { definitionsText } from './definitions-text.ts'

addTexts('definitions', definitionsText)

interface DefinitionsAnswer {
  readonly items: readonly Definition[]
}

export function DefinitionsPage() {
  const { t } = useTranslation('definitions')
  const [asked, setAsked] = useState('')
  const definitions = useAnswer<DefinitionsAnswer>('/v1/definitions')
  return (
    <Flex vertical gap={16} style={{ maxWidth: 1000 }}>
      <PageHead title={t('title')} intro={t('intro')} />
      <Input.Search
        className="no-print"
        allowClear
        aria-label={t('search')}
        placeholder={t('search')}
        value={asked}
        onChange={(event) => setAsked(event.target.value)}
        style={{ maxWidth: 420 }}
      />
      <Answer of={definitions} rows={16}>
        {({ items }) => <Found items={foundDefinitions(items, asked)} isWhole={asked === ''} />}
      </Answer>
    </Flex>
  )
}

function Found({
  items,
  isWhole,
}: {
  readonly items: readonly Definition[]
  readonly isWhole: boolean
}) {
  const { t, i18n } = useTranslation('definitions')
  const target = useTarget(isWhole)
  const language = languageOf(i18n.language)
  return (
    <>
      <Typography.Text type="secondary" role="status">
        {items.length === 0 ? t('nothing') : t('found', { count: items.length })}
      </Typography.Text>
      {isWhole ? (
        <nav aria-label={t('contents')} className="no-print">
          <Flex wrap gap="4px 14px">
            {items.map((item) => (
              <a key={item.id} href={`#${item.id}`}>
                {item[language].name}
              </a>
            ))}
          </Flex>
        </nav>
      ) : null}
      {items.map((item) => (
        <OneDefinition key={item.id} item={item} isTarget={item.id === target} />
      ))}
    </>
  )
}

function OneDefinition({
  item,
  isTarget,
}: {
  readonly item: Definition
  readonly isTarget: boolean
}) {
  const { t, i18n } = useTranslation('definitions')
  const language = languageOf(i18n.language)
  const other = language === 'zh' ? 'en' : 'zh'
  const words = item[language]
  return (
    <article
      id={item.id}
      tabIndex={-1}
      className={isTarget ? 'definition definition-target print-block' : 'definition print-block'}
    >
      <Flex align="baseline" gap="4px 10px" wrap>
        <h2 style={{ margin: 0, fontSize: 16 }}>{words.name}</h2>
        <Typography.Text type="secondary" lang={other === 'zh' ? 'zh-CN' : 'en'}>
          {item[other].name}
        </Typography.Text>
        <code>{item.id}</code>
        <Tag>{`${t('version')} ${item.version}`}</Tag>
        <a href={`#${item.id}`} aria-label={t('link', { name: words.name })} className="no-print">
          #
        </a>
      </Flex>
      <p style={{ margin: '6px 0' }}>{words.text}</p>
      <p style={{ margin: 0 }}>
        <Typography.Text type="secondary">{`${t('formula')} `}</Typography.Text>
        {words.formula === null ? (
          <Typography.Text type="secondary">{t('rule')}</Typography.Text>
        ) : (
          <Typography.Text strong className="tabular">
            {words.formula}
          </Typography.Text>
        )}
      </p>
    </article>
  )
}

/** The id in the address. It is scrolled to once it is there: the browser looked before that. */
function useTarget(isReady: boolean): string {
  const [target, setTarget] = useState(hashId)
  useEffect(() => {
    const onChange = () => setTarget(hashId())
    window.addEventListener('hashchange', onChange)
    return () => window.removeEventListener('hashchange', onChange)
  }, [])
  useEffect(() => {
    if (!isReady || target === '') return
    const found = document.getElementById(target)
    found?.scrollIntoView({ block: 'start' })
    found?.focus({ preventScroll: true })
  }, [isReady, target])
  return target
}

function hashId(): string {
  try {
    return decodeURIComponent(location.hash.slice(1))
  } catch {
    // A hash that is no text names nothing.
    return ''
  }
}
