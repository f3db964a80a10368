/** The import rules are plain JavaScript, which dependency-cruiser reads without us. */
declare module '*/.dependency-cruiser.mjs' {
  const rules: {
    readonly forbidden: import('dependency-cruiser').IForbiddenRuleType[]
    readonly options: import('dependency-cruiser').ICruiseOptions
  }
  // biome-ignore lint/style/noDefaultExport: dependency-cruiser asks for one
  export default rules
}
