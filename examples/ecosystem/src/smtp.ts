import type { StreamHandler } from '@sock/core'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export function smtpHandler(options: SMTPServerOptions): StreamHandler {
  const smtp = new SMTPServer({ authOptional: true, ...options })
  return {
    open({ stream }) {
      // As with net.createServer(): smtp-server relies on it.
      stream.allowHalfOpen = false
      smtp.connect(stream, {})
    },
  }
}
