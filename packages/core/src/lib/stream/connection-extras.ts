import type { Duplex } from 'node:stream'
import type { Deferred } from '../async/deferred.js'
import type { Announcer } from '../channel/announcer.js'
import type { StopState } from '../channel/stop-signal.js'

/** What most connections never need; made when the first of it is, so that an idle connection does without. */
export class ConnectionExtras {
  stop: StopState
  stream: Duplex | undefined
  announcer: Announcer | undefined
  /** What `write()`, `closeWrite()` and `close()` wait for. */
  drained: Deferred<void> | undefined
  finished: Deferred<void> | undefined
  closed: Deferred<void> | undefined
  /** Its handler function has returned, which closed it although more might have come. */
  isLeft = false
  /** Its user says that half a message is here: a shutdown waits for the rest. */
  isBusy = false
}
