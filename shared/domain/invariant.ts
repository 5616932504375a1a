/** A mistake of ours: the actor's or process' state can no longer be trusted. Never caught to carry on. */
class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function invariant(holds: boolean, message: string): asserts holds {
  if (!holds) throw new InvariantError(message)
}
