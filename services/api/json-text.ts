import type { FastifyReply } from 'fastify'

/** Sends text that is JSON already: amounts and ids leave as they came. */
export const sendJson = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(text)

/** @param object JSON of an object that is not empty. @param members `"name":value,…` */
export const withMembers = (object: string, members: string): string =>
  `${object.slice(0, object.lastIndexOf('}'))},${members}}`
