/** 节点: all agents and how they fare; `/nodes/{id}` is one of them. */

import { Alert, Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { isPast, useInstant } from '../parts/instant.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { addTexts } from '../text/index.ts'
import { NodeCounts, NodeFigures } from './nodes-health.tsx'
import { NodeList } from './nodes-list.tsx'
import { OneNode } from './nodes-one.tsx'
import { nodesText } from './nodes-text.ts'
import { NodeWatch } from './nodes-watch.tsx'

addTexts('nodes', nodesText)

const ROOT = '/nodes'

export function NodesPage() {
  const { t } = useTranslation('nodes')
  const [path] = useLocation()
  const [instant] = useInstant()
  const id = decodeURIComponent(path.slice(ROOT.length + 1))
  if (id !== '') return <OneNode id={id} />
  return (
    <Flex vertical gap={16}>
      <PageHead title={t('title')} intro={t('intro')} />
      {isPast(instant) ? <Alert type="info" showIcon title={t('present_only')} /> : null}
      <NodeFigures />
      <NodeWatch />
      <NodeCounts />
      <NodeList />
    </Flex>
  )
}
