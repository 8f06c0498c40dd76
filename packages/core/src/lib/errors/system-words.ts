import { getSystemErrorMap, inspect } from 'node:util'

/**
 * What a program has asked for.
 *
 * @internal
 */
export interface Asked {
  /** The function that it called. */
  readonly action: 'listen' | 'connect'
  /** `tcp`, `unix`… */
  readonly transport: string
  /** The target as the program gave it. */
  readonly target: unknown
}

/** What is wrong, and what to do, by the code of the system. */
type Words = Readonly<Record<string, readonly [wrong: string, wayOut: string]>>

const ANYWHERE: Words = {
  EAI_AGAIN: [
    'the resolver does not answer',
    'Try again later, or check the network and the DNS settings of this machine',
  ],
  EMFILE: [
    'the process has no file descriptor left',
    'Close what is not needed, or raise the limit (`ulimit -n`, `LimitNOFILE=`)',
  ],
  ENFILE: [
    'the system has no file descriptor left',
    'Close what is not needed, or raise the limit (`fs.file-max`)',
  ],
  ENOTFOUND: ['there is no such host', 'Correct the host, or use an IP address'],
}

const LISTEN_ON_PORT: Words = {
  EACCES: [
    'the process may not use this port',
    'Choose a port from 1024 up, or grant the process CAP_NET_BIND_SERVICE',
  ],
  EADDRINUSE: [
    'the port is in use',
    'Stop the other program, or choose another port; 0 takes any that is free',
  ],
  EADDRNOTAVAIL: [
    'no interface of this machine has this address',
    'Use one of its own addresses, or leave out the host to listen on all',
  ],
  EAFNOSUPPORT: ['this machine has no addresses of this kind', 'Use an IPv4 address'],
}

const LISTEN_ON_NAME: Words = {
  EACCES: [
    'the process may not make a file in this folder',
    'Choose a folder that it may write to, or change the permissions',
  ],
  EADDRINUSE: ['the name is in use', 'Stop the other program, or choose another name'],
  ENOENT: ['the folder does not exist', 'Create it, or choose another path'],
  ENOTDIR: ['a part of the path is no folder', 'Choose another path'],
  EROFS: ['the file system is read-only', 'Choose another folder'],
}

const CONNECT_TO_PORT: Words = {
  EACCES: [
    'the system does not permit it',
    'For a broadcast address set the option "broadcast", else look at the firewall of this machine',
  ],
  EADDRNOTAVAIL: [
    'this machine has no free port, or no address, to connect from',
    'Close connections, or use another address',
  ],
  ECONNREFUSED: ['nothing listens there', 'Start the server, or correct host and port'],
  EHOSTUNREACH: ['the host cannot be reached', 'Correct the host, or see whether it is up'],
  ENETUNREACH: [
    'this machine has no route to that network',
    'Correct the host, or look at the network of this machine',
  ],
  ETIMEDOUT: [
    'nothing answered in time',
    'Correct host and port, or see whether the server is up and a firewall drops packets',
  ],
}

const CONNECT_TO_NAME: Words = {
  EACCES: [
    'the process may not connect there',
    'Run it as a user that may, or give the server another "mode", "uid" or "gid"',
  ],
  EAGAIN: [
    'the accept queue of the server is full',
    'Try again later, or give the server a larger "backlog"',
  ],
  ECONNREFUSED: ['no server has this socket open', 'Start the server, or correct the path'],
  ENOENT: ['there is no such socket', 'Start the server, or correct the path'],
  ENOTDIR: ['a part of the path is no folder', 'Correct the path'],
  EPROTOTYPE: [
    'the socket there is of another kind',
    'Use connectUnix for streams, and connectUnixgram for datagrams',
  ],
}

/** The system calls that are about the target, or the folder of a socket file. Any other is named in the message. */
const ABOUT_THE_TARGET: Readonly<Record<Asked['action'], ReadonlySet<string>>> = {
  listen: new Set(['bind', 'connect', 'getaddrinfo', 'listen', 'lstat', 'mkdtemp']),
  // A client of Unix datagrams makes a folder and a name of its own, which is not what it was asked to connect to.
  connect: new Set(['connect', 'getaddrinfo']),
}

/** What the system said, as one line that names the target and the way out. */
export function systemMessage(error: NodeJS.ErrnoException, { action, transport, target }: Asked): string {
  const { code = '', errno = 0, syscall = '' } = error
  const isAboutTarget = ABOUT_THE_TARGET[action].has(syscall)
  const words = isAboutTarget ? wordsFor(action, transport) : ANYWHERE
  const [wrong, wayOut] = words[code] ??
    ANYWHERE[code] ?? [getSystemErrorMap().get(errno)?.[1] ?? 'it failed']
  const what = action === 'listen' ? 'listen on' : 'connect to'
  const source = isAboutTarget || syscall === '' ? code : `${syscall} ${code}`
  const end = wayOut === undefined ? '' : `. ${wayOut}`
  return `Cannot ${what} "${shown(target)}": ${wrong} (${source})${end}`
}

function wordsFor(action: Asked['action'], transport: string): Words {
  const hasPorts = transport === 'tcp' || transport === 'udp'
  if (action === 'listen') return hasPorts ? LISTEN_ON_PORT : LISTEN_ON_NAME
  return hasPorts ? CONNECT_TO_PORT : CONNECT_TO_NAME
}

/** A target as it would be written as a string. */
function shown(target: unknown): string {
  if (typeof target === 'string') return target
  const { path, host = '', port } = Object(target) as { path?: unknown; host?: unknown; port?: unknown }
  if (typeof path === 'string') return path
  if (typeof host === 'string' && typeof port === 'number') {
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }
  return inspect(target, { depth: 0, breakLength: Infinity })
}
