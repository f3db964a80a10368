/** Where a figure comes from, in one line: instants, finality, versions. Stands on every page. */
import { Flex, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { instantText } from '../format.ts'
import { Term } from './figure.tsx'

export interface PedigreeLine {
  readonly as_of: string
  readonly known_at: string
  readonly finality: 'provisional' | 'sealed' | 'preliminary' | 'final'
  readonly definition_version: string
  readonly catalogue_version: string
}

export function Pedigree({ of }: { readonly of: PedigreeLine }) {
  const { t } = useTranslation()
  const isFinal = of.finality === 'final' || of.finality === 'sealed'
  return (
    <Flex wrap gap="4px 16px" align="center" className="tabular">
      <Tag color={isFinal ? 'green' : 'gold'}>{t(`finality.${of.finality}`)}</Tag>
      <Typography.Text type="secondary">
        {`${t('pedigree.as_of')} ${instantText(of.as_of)}`}
      </Typography.Text>
      <Typography.Text type="secondary">
        <Term id="known_at">{t('pedigree.known_at')}</Term>
        {` ${instantText(of.known_at)}`}
      </Typography.Text>
      <Typography.Text type="secondary">
        {`${t('pedigree.definition')} ${of.definition_version}`}
      </Typography.Text>
      <Typography.Text type="secondary">
        {`${t('pedigree.catalogue')} ${of.catalogue_version}`}
      </Typography.Text>
      <Typography.Text type="secondary">
        <Term id="p">{t('pedigree.basis')}</Term>
      </Typography.Text>
    </Flex>
  )
}
