import { formatTimestamp } from '#shared/domain/time'
import type { OutgoingEntry, OutgoingKind } from '#shared/store/alert-store'
import type { OutgoingMessage } from './sink.ts'

/**
 * One CloudEvents 1.0 message in structured JSON. It is a function of what is stored, so a repeat is the same byte for byte.
 * @param tenant `source` is `vigil/TENANT`
 */
export function outgoingMessage(kind: OutgoingKind, entry: OutgoingEntry, tenant: string): OutgoingMessage {
  const { revision, status, key, time, traceparent, body } = entry
  const id = `${entry.id}:${revision}`
  const text = JSON.stringify
  const trace = traceparent === '' ? '' : `"traceparent":${text(traceparent)},`
  const envelope =
    `{"specversion":"1.0","id":${text(id)},"source":${text(`vigil/${tenant}`)},"type":"vigil.${nounOf[kind]}.${status}",` +
    `"subject":${text(entry.id)},"time":"${formatTimestamp(time)}","datacontenttype":"application/json",${trace}"data":${body}}`
  const headers = { 'content-type': contentType, ...(traceparent === '' ? {} : { traceparent }) }
  return { id, key, body: Buffer.from(envelope), headers }
}

const nounOf: Readonly<Record<OutgoingKind, string>> = { alerts: 'alert', decisions: 'decision' }

/** Of CloudEvents in structured mode. */
export const contentType = 'application/cloudevents+json; charset=UTF-8'
