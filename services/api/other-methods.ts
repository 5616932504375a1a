import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/**
 * Notes the paths that are registered from now on.
 * @returns lets each of these paths answer 405, with its own methods in `Allow`, to all other methods
 */
export function otherMethods(app: FastifyInstance): () => void {
  const isOpenByUrl = new Map<string, boolean>()
  app.addHook('onRoute', ({ url, config }) => {
    isOpenByUrl.set(url, config?.isOpen === true)
  })
  return () => {
    for (const [url, isOpen] of [...isOpenByUrl]) {
      const own = methods.filter((method) => app.hasRoute({ method, url }))
      const others = methods.filter((method) => !own.includes(method))
      const allow = own.join(', ')
      app.route({
        method: others,
        url,
        config: { isOpen },
        schema: { hide: true },
        // Before the body is read: there is no use for it.
        onRequest: async (request, reply) => {
          reply.header('allow', allow)
          return sendProblem(request, reply, {
            name: 'method-not-allowed',
            detail: `This path has ${allow}, not ${request.method}.`,
          })
        },
        handler: () => {
          throw new Error('the request was answered before')
        },
      })
    }
  }
}
