/** The provinces as tiles, coloured by a chosen figure; the same rows as a table. */
import { Select, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, NOT_KNOWN, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { StepLegend, type Tile, TileMap } from '../parts/tile-map.tsx'
import { languageOf } from '../text/index.ts'
import { flagColumn, ledgerColumns } from './ledger-columns.tsx'
import {
  isShareFigure,
  type Ledger,
  type LedgerBasis,
  type LedgerRow,
  MAP_FIGURES,
  type MapFigure,
} from './ledger-figures.ts'
import type { Names } from './ledger-names.ts'
import { type ProvinceTile, provinceTiles } from './ledger-tiles.ts'
import { hrefOf } from './utilization-place.ts'

/** Chinese names are short; English ones need room, and the map scrolls where there is none. */
const TILE_WIDTH_MIN = { zh: 42, en: 72 } as const

interface Shown {
  readonly basis: LedgerBasis
  readonly names: Names
}

export function ProvinceMap({ basis, names }: Shown) {
  const { t } = useTranslation('ledger')
  const [instant] = useInstant()
  const [figure, setFigure] = useState<MapFigure>('connected')
  const view = useView()
  const query = { ...instant, by: 'region' }
  const answer = useAnswer<Ledger>('/v1/ledger', query)
  const picker = (
    <Select<MapFigure>
      aria-label={t('map.figure')}
      value={figure}
      onChange={setFigure}
      style={{ width: 140 }}
      options={MAP_FIGURES.map(({ name }) => ({ value: name, label: t(`map.${name}`) }))}
    />
  )
  return (
    <Section
      title={t('map.title')}
      exported={{ table: 'ledger', query }}
      actions={
        <>
          {view.isTable ? null : picker}
          {view.toggle}
        </>
      }
    >
      <Answer of={answer} rows={8}>
        {({ rows }) =>
          view.isTable || names.regions === undefined ? (
            <ProvinceTable rows={rows} basis={basis} names={names} />
          ) : (
            <Tiles rows={rows} basis={basis} names={names} figure={figure} />
          )
        }
      </Answer>
    </Section>
  )
}

interface TilesProps extends Shown {
  readonly rows: readonly LedgerRow[]
  readonly figure: MapFigure
}

function Tiles({ rows, basis, names, figure }: TilesProps) {
  const { t, i18n } = useTranslation('ledger')
  const language = languageOf(i18n.language)
  const search = useSearch()
  const { tiles, scale, elsewhere } = provinceTiles(
    names.regions?.provinces ?? [],
    rows,
    figure,
    basis,
  )
  const unit = isShareFigure(figure) ? '' : ` ${t(`common:unit.${basis}`)}`
  const valueText = (value: number | null) => figureText(value, figure, basis)
  const tileOf = ({ province, row, value, step }: ProvinceTile): Tile => {
    const full = names.of('region', province.code)
    const said = row === null ? t('map.none') : `${t(`map.${figure}`)} ${valueText(value)}${unit}`
    return {
      key: province.code,
      ...province.tile,
      name: language === 'zh' ? province.short_zh : province.name_en,
      value: row === null ? NOT_KNOWN : valueText(value),
      label: [full, said, ...(row === null ? [] : [t('map.open')])].join(' · '),
      step,
      isMarked: province.hub !== null,
      href: row === null ? null : hrefOf([province.code], search),
    }
  }
  return (
    <>
      <TileMap
        label={`${t('map.title')} · ${t(`map.${figure}`)}`}
        tiles={tiles.map(tileOf)}
        tileWidthMin={TILE_WIDTH_MIN[language]}
      />
      <StepLegend
        edges={scale.edges.map((edge) => `${valueText(edge)}${unit}`)}
        none={t('map.none')}
        marked={t('map.hub')}
      />
      {elsewhere.map((row) => (
        <Typography.Paragraph key={row.key ?? ''} type="secondary" style={{ margin: '4px 0 0' }}>
          {`${t('map.elsewhere')} · ${countText(row.stages.connected.cards)} ${t('common:unit.cards')} · ${amountText(row.stages.connected.p)} P`}
        </Typography.Paragraph>
      ))}
    </>
  )
}

function figureText(value: number | null, figure: MapFigure, basis: LedgerBasis): string {
  if (isShareFigure(figure)) return shareText(value, 0)
  return basis === 'p' ? amountText(value) : countText(value)
}

function ProvinceTable({ rows, basis, names }: Shown & { readonly rows: readonly LedgerRow[] }) {
  const { t, i18n } = useTranslation('ledger')
  const search = useSearch()
  const link = ({ key }: LedgerRow) => {
    const name = names.of('region', key)
    return key === null ? name : <Link href={hrefOf([key], search)}>{name}</Link>
  }
  return (
    <Rows<LedgerRow>
      label={t('map.title')}
      rows={rows}
      rowKey={({ key }) => key ?? ''}
      columns={[
        { key: 'name', title: t('table.by.region'), render: (_, row) => link(row) },
        ...ledgerColumns(t, basis),
        flagColumn(t, languageOf(i18n.language) === 'zh'),
      ]}
    />
  )
}
