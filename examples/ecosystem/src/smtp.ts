import type { StreamHandler } from '@sock/core'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export function smtpHandler(options: SMTPServerOptions): StreamHandler {
  const smtp = new SMTPServer({ authOptional: true, ...options })
  return {
    open({ stream }) {
      smtp.connect(stream, {})
    },
  }
}
