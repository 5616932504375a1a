import type { Expression } from './expression.ts'

/** NaN: absent. */
export type NumberClosure = () => number
/** undefined: absent. */
export type TextClosure = () => string | undefined
/** A list is an array, a map a Map; undefined: absent. */
export type CollectionClosure = () => unknown

/** Where an expression meets the event and the actor's state: whoever compiles one says how its leaves are read. */
export interface Leaves {
  /** Fields, envelope, key, features, step aggregates and elements of a numeric type. The `avg` of money is a double in major units. */
  number(e: Expression): NumberClosure
  text(e: Expression): TextClosure
  collection(e: Expression): CollectionClosure
  /** Whether a named list holds a value at the event's time; entries expire. By index into `RuleSet.lists`. */
  list(list: number): (value: string | number) => boolean
  /**
   * The first look at every numeric or bool node that is not inside a macro: a closure takes the place of the whole sub-tree.
   * Not asked for collections.
   */
  override?(e: Expression): NumberClosure | undefined
  /** The same for every text node. */
  overrideText?(e: Expression): TextClosure | undefined
}

/** What the compilers of single operations call for their operands. */
export interface Closures {
  number(e: Expression): NumberClosure
  text(e: Expression): TextClosure
  collection(e: Expression): CollectionClosure
  any(e: Expression): () => unknown
}
