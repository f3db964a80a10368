/** What the storage port promises of sessions of people, their second factor and the audit log. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first session
export interface AccessStore {}
