import type { DatagramServerStats } from '../server/server.js'

/** The counters of a server that has had no socket yet. */
export const NO_STATS: DatagramServerStats = {
  open: 0,
  handlerErrors: 0,
  datagramsReceived: 0,
  datagramsSent: 0,
  datagramsDropped: { queueFull: 0, unread: 0, closing: 0, kernel: 0 },
  sendErrors: 0,
  sendQueueBytes: 0,
  bytesRead: 0,
  bytesWritten: 0,
}

/** Adds counters; takes current values, such as `open`, from the newer. @param b the newer */
export function addStats(a: DatagramServerStats, b: DatagramServerStats): DatagramServerStats {
  return {
    open: b.open,
    handlerErrors: a.handlerErrors + b.handlerErrors,
    datagramsReceived: a.datagramsReceived + b.datagramsReceived,
    datagramsSent: a.datagramsSent + b.datagramsSent,
    datagramsDropped: {
      queueFull: a.datagramsDropped.queueFull + b.datagramsDropped.queueFull,
      unread: a.datagramsDropped.unread + b.datagramsDropped.unread,
      closing: a.datagramsDropped.closing + b.datagramsDropped.closing,
      kernel: a.datagramsDropped.kernel + b.datagramsDropped.kernel,
    },
    sendErrors: a.sendErrors + b.sendErrors,
    sendQueueBytes: b.sendQueueBytes,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
  }
}
