/** Sending broke off: an answer that no repetition helps, or none for too long. What was acknowledged stays so. */
export class SendFailed extends Error {
  readonly _tag = 'SendFailed'
  override readonly name = 'SendFailed'
}
