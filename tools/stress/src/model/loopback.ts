/**
 * Where servers of this process listen: an address of its own, where all of 127/8 is this machine (Linux). A datagram that
 * another process sends to a server which is gone would else arrive at the one that has its port now.
 */
export const LOOPBACK =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}:0`
    : '127.0.0.1:0'
