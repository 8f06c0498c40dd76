/** A step that failed for a reason we can name: the message is a sentence for the user, not for a stack trace. */
export class Failure extends Error {
  name = 'Failure'

  /** What the step's own program printed, shown before the sentence. */
  output

  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}
