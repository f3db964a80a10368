/** A colour beside its name: for the eye only. */
export function Swatch({ color }: { readonly color: string }) {
  return (
    <span
      aria-hidden="true"
      style={{
        width: 12,
        height: 12,
        flex: 'none',
        borderRadius: 3,
        background: color,
        printColorAdjust: 'exact',
      }}
    />
  )
}
