import { describe, expect, it } from 'vitest'
import { violations } from '../../tests/support/json-schema.ts'
import { asyncApi } from './async-api.ts'
import { openApi } from './testing/api.ts'

type Json = { readonly [name: string]: unknown }

const event = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
const document = asyncApi(event) as {
  readonly asyncapi: string
  readonly channels: Readonly<
    Record<string, { readonly messages: Readonly<Record<string, { readonly $ref: string }>> }>
  >
  readonly operations: Readonly<
    Record<
      string,
      { readonly action: string; readonly channel: { $ref: string }; readonly messages: readonly { $ref: string }[] }
    >
  >
  readonly components: {
    readonly messages: Readonly<Record<string, Json>>
    readonly schemas: Readonly<Record<string, Json>>
  }
}

/** What a reference of the document leads to. */
const at = (reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce<unknown>((node, name) => (node as Json | undefined)?.[name], document)

const referencesIn = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? value.flatMap(referencesIn)
    : typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([name, part]) => (name === '$ref' ? [String(part)] : referencesIn(part)))

describe('the AsyncAPI document', () => {
  it('is served with the schema of the events, to everybody', async () => {
    const { get, vigil } = await openApi('a token')
    const answer = await get('/asyncapi.json')
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(asyncApi(vigil.eventSchema))))
    expect(answer.json().components.schemas.Event).toEqual(JSON.parse(JSON.stringify(vigil.eventSchema)))
  })

  it('names the channels in and out, each with an operation and its messages', () => {
    expect(document.asyncapi).toBe('3.0.0')
    const operations = Object.values(document.operations).map(({ action, channel, messages }) => [
      action,
      channel.$ref,
      messages.map(({ $ref }) => $ref),
    ])
    expect(operations).toEqual([
      ['receive', '#/channels/events', ['#/channels/events/messages/events']],
      ['send', '#/channels/alerts', ['#/channels/alerts/messages/alert']],
      ['send', '#/channels/decisions', ['#/channels/decisions/messages/decision']],
    ])
    expect(Object.keys(document.channels)).toEqual(['events', 'alerts', 'decisions'])
    for (const { messages } of Object.values(document.channels))
      for (const { $ref } of Object.values(messages))
        expect(at($ref)).toMatchObject({ title: expect.any(String), headers: {}, payload: {} })
  })

  it('holds everything that it refers to', () => {
    const references = referencesIn(document)
    expect(references.length).toBeGreaterThan(10)
    expect(references.filter((reference) => at(reference) === undefined)).toEqual([])
  })

  it('takes a message as it is sent, and no other', () => {
    const { AlertMessage } = document.components.schemas
    const data = {
      ...{ id: 'a', rule: 'r', version: 'v', by: 'account', key: 'A', at: '2026-03-01T12:00:00.000Z', event: 't1' },
      ...{ features: {}, score: 50, severity: 'high', revision: 1, status: 'raised', traceId: '0'.repeat(32) },
    }
    const message = {
      ...{ specversion: '1.0', id: 'a:1', source: 'vigil/default', type: 'vigil.alert.raised', subject: 'a' },
      ...{ time: '2026-03-01T12:00:01.214Z', datacontenttype: 'application/json', data },
    }
    const found = (value: unknown): readonly string[] => violations(AlertMessage, value, document as unknown as Json)
    expect(found(message)).toEqual([])
    expect(found({ ...message, type: 'vigil.decision.made' })).toEqual(['/type: enum'])
    expect(found({ ...message, data: { ...data, score: 'high' } })).toEqual(['/data/score: type'])
    expect(found({ ...message, subject: undefined })).not.toEqual([])
  })
})
