// What Node itself takes for a request: reads a body, parses it as JSON, answers with JSON. Listens on the port of its first argument.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

createServer(async (request, response) => {
  const event = (await json(request)) as { readonly id: string }
  const answer = JSON.stringify({ id: event.id, outcome: 'allow' })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
  response.end(answer)
}).listen(Number(process.argv[2]), '127.0.0.1')
