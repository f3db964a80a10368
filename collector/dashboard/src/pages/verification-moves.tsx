/** By how much figures moved, one a line, each in its own unit; what did not move is not there. */
import { useTranslation } from 'react-i18next'
import { amountText, cardHoursText, countText } from '../format.ts'
import { addTexts } from '../text/index.ts'
import { verificationText } from './verification-text.ts'

addTexts('verification', verificationText)

const JOULES_PER_KWH = 3_600_000
/** States by their names everywhere; the other figures by those of the verification page. */
const STATE_FIGURE = /^(busy|allocated|occupied|free|faulty|unknown|lent)_ms$/

export function Moves({ of }: { readonly of: Readonly<Record<string, string | bigint>> }) {
  const { t } = useTranslation('verification')
  const { t: common } = useTranslation()
  const lines = Object.entries(of).map(([figure, by]) => {
    const [, state] = STATE_FIGURE.exec(figure) ?? []
    const name = state === undefined ? t(`corrections.figure.${figure}`) : common(`state.${state}`)
    return { figure, name, amount: moveText(figure, BigInt(by), t, common) }
  })
  return (
    <ul
      style={{
        display: 'flex',
        flexWrap: 'wrap',
        gap: '0 14px',
        maxWidth: 460,
        listStyle: 'none',
        margin: 0,
        padding: 0,
      }}
    >
      {lines.map(({ amount, figure, name }) => (
        <li key={figure}>{`${name} ${amount}`}</li>
      ))}
    </ul>
  )
}

type Words = (key: string) => string

function moveText(figure: string, by: bigint, t: Words, common: Words): string {
  if (figure.endsWith('_ms')) {
    return `${signed(by, (size) => cardHoursText(size, 3))} ${common('unit.card_hours')}`
  }
  if (figure === 'energy_joules') {
    const kwh = (size: bigint) => amountText(Number(size) / JOULES_PER_KWH, 2)
    return `${signed(by, kwh)} ${common('unit.kwh')}`
  }
  return `${signed(by, countText)} ${t('corrections.unit_samples')}`
}

/** With its sign before it, always. */
export function signed<Amount extends number | bigint>(
  by: Amount,
  text: (size: Amount) => string,
): string {
  return by < 0 ? `−${text(-by as Amount)}` : `+${text(by)}`
}
