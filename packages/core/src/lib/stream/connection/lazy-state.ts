import type { Deferred } from '../../async/deferred.js'
import type { ConnectionStream } from '../../channel/channel.js'
import type { Notifier } from '../../channel/notifier.js'
import type { InputUser } from '../../channel/input-user.js'
import type { StopState } from '../../channel/stop-signal.js'

/** State that most connections never need, created on first use to keep idle connections small. */
export class LazyState {
  stop: StopState
  stream: ConnectionStream | undefined
  notifier: Notifier | undefined
  /** Deferred results of `write()`, `closeWrite()` and `close()`. */
  drained: Deferred<void> | undefined
  flushed: Deferred<void> | undefined
  closed: Deferred<void> | undefined
  /** Its handler function returned while the peer could still send. That closed the connection. */
  handlerReturned = false
  /** The program has marked it as busy, for instance with half a message received: a shutdown waits for the rest. */
  isBusy = false
  /** Takes the input for the program, and may be busy as well. */
  inputUser: InputUser | undefined
}
