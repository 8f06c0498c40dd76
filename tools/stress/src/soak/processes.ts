import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, News, Notice, Question } from './messages.js'
import type { Role } from './options.js'

/** A child process of the soak. */
export interface Process {
  readonly role: Role
  readonly pid: number
  /** Rejects when the process ends instead of answering. */
  ask(question: Question): Promise<Answer>
  tell(notice: Notice): void
  /** Resolves when it has ended, with what is wrong with how it did, if anything. */
  readonly ended: Promise<string | undefined>
  kill(signal: NodeJS.Signals): void
}

export function startProcess(role: Role, hear: (news: News) => void): Process {
  const program = role === 'server' ? './server-process.js' : './load-process.js'
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const answers: ((answer: Answer) => void)[] = []
  child.on('message', (message: News | Answer) => {
    if ('news' in message) hear(message)
    else answers.shift()?.(message)
  })
  const ended = endOf(child, role)
  const send = (message: Question | Notice): void => {
    // One that has just ended is found by whoever waits for an answer.
    child.send(message, () => undefined)
  }
  return {
    role,
    pid: child.pid as number,
    ended,
    tell: send,
    kill: (signal) => void child.kill(signal),
    ask: (question) =>
      new Promise((resolve, reject) => {
        answers.push(resolve)
        void ended.then((how) => reject(new Error(how ?? `${role} ended before it was told to`)))
        send(question)
      }),
  }
}

async function endOf(child: ChildProcess, role: Role): Promise<string | undefined> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return code === 0 ? undefined : `${role} ended with ${signal ?? `code ${code}`}`
}
