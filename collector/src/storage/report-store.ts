/** What the storage port promises of corrections, reports and balances asked for over HTTP. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first report
export interface ReportStore {}
