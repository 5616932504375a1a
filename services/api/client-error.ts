import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemBody, problemMediaType, type Refusal } from './problem.ts'
import { problemKinds } from './problem-kinds.ts'
import { securityHeaders } from './security-headers.ts'
import { openTrace } from './trace-context.ts'

/** Answers what could not be read as HTTP, and closes the connection: nobody knows where the next request would begin. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const refusal = refusalOf(error.code)
  const { traceId, traceparent } = openTrace({})
  const body = problemBody(refusal, traceId, undefined)
  const { status } = problemKinds[refusal.name]
  const headers = {
    'content-type': problemMediaType,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    traceparent,
    ...securityHeaders,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { name: 'headers-too-large', detail: 'The headers are too large.' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { name: 'request-timeout', detail: 'The request did not arrive in time.' }
  return { name: 'bad-request', detail: 'This is not HTTP.' }
}
