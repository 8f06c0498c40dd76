// Preloaded with `node --require`: replaces the addon that a program loads by the binary in SOCK_NATIVE_BINARY.
const dlopen = process.dlopen.bind(process)

process.dlopen = (module, path, ...rest) => {
  const isOurs = path.endsWith('sock_native.node')
  return dlopen(module, isOurs ? process.env['SOCK_NATIVE_BINARY'] : path, ...rest)
}
