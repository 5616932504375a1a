/** What the bytes are: a whole actor, what came to it since, a partition's own state. Their numbers are written: new ones go to the end. */
export const stateKinds = ['actor', 'appended', 'partition'] as const
export type StateKind = (typeof stateKinds)[number]
