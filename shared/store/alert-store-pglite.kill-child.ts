import { openPgliteAlertStore } from './alert-store-pglite.ts'

// Delivers one alert after the other to the store in a folder, from a number on, until it is killed; its test hears of each answer.
const store = await openPgliteAlertStore(process.argv[2])
for (let number = Number(process.argv[3]); ; number++) {
  const event = { at: number, step: '', position: '0:1', traceId: '', receivedAt: number, event: `{"n":${number}}` }
  await store.deliver({
    alerts: [
      {
        id: `a${number}`,
        revision: 1,
        status: 'raised',
        rule: 'velocity',
        scenario: undefined,
        severity: 'low',
        by: 'account',
        key: 'A',
        at: number,
        line: `{"id":"a${number}"}`,
        explanation: '',
        traceparent: '',
        events: [
          { ...event, id: `e${number}` },
          { ...event, id: `f${number}` },
        ],
      },
    ],
    decisions: [{ eventId: `e${number}`, revision: 1, madeAt: number, body: '{}', account: '', traceparent: '' }],
  })
  process.send!(number)
}
