import { errors } from '@nats-io/transport-node'

/**
 * Whether the world did it, as the client of NATS tells: the servers are away, or refuse the connection, or the operating system does, whose errors have
 * a code. What JetStream refuses is not asked here.
 */
export const isNatsConnectionError = (error: Error): boolean =>
  kinds.some((kind) => error instanceof kind) || 'code' in error

const kinds = [
  errors.AuthorizationError,
  errors.ClosedConnectionError,
  errors.ConnectionError,
  errors.DrainingConnectionError,
  errors.NoRespondersError,
  errors.PermissionViolationError,
  errors.ProtocolError,
  errors.RequestError,
  errors.TimeoutError,
  errors.UserAuthenticationExpiredError,
]
