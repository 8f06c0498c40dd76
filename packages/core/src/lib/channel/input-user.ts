import type { Channel } from './channel.js'

/**
 * What takes the input of a connection for the program, such as frames or HTTP. It may hold input that the connection
 * itself has delivered already.
 */
export interface InputUser {
  /**
   * Whether a part of a message has arrived, or an answer is under way: a graceful shutdown then does not end the
   * connection as idle. `busy` of the connection belongs to the program alone.
   */
  readonly isBusy: boolean
  /**
   * This side reads no more: the user drops what it holds, as the connection does.
   *
   * @param error why the connection was destroyed. Without it, reading has ended in order: with `close()`,
   * `closeRead()`, or since the connection was idle in a shutdown
   */
  inputDropped?(error?: Error): void
}

/** Whose turn it is on the input of a connection; see {@link turnOf}. */
export type InputTurn = 'peer' | 'program' | 'nobody'

// Registered, so that the functions also work with connections of another copy of core.
export const USE_INPUT: unique symbol = Symbol.for('@sock/core.useInput') as never
export const INPUT_TURN: unique symbol = Symbol.for('@sock/core.inputTurn') as never

/** A connection of core. */
export interface UsedInput {
  [USE_INPUT](user: InputUser): void
  [INPUT_TURN](): InputTurn
}

/** Says what takes the input of a connection from now on. Does nothing for other channels. */
export function useInput(channel: Channel, user: InputUser): void {
  ;(channel as Partial<UsedInput>)[USE_INPUT]?.(user)
}

/**
 * Returns whose turn it is on the input of a connection: the peer's when the program has read all that has arrived,
 * else the program's; nobody's when no more bytes come. It is always the peer's on other channels.
 */
export function turnOf(channel: Channel): InputTurn {
  return (channel as Partial<UsedInput>)[INPUT_TURN]?.() ?? 'peer'
}
