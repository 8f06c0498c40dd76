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
