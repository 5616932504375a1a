/** JSON of an event as `sample-schema` declares it. */
export const event = (id: string, more = '"amount":12.30'): string =>
  `{"id":${JSON.stringify(id)},"at":"2026-01-01T00:00:00Z","account":"A",${more}}`
