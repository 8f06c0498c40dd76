// Loaded before a program (`node --require`): where it loads the addon, it gets the binary that SOCK_NATIVE_BINARY names.
const dlopen = process.dlopen.bind(process)

process.dlopen = (module, path, ...rest) => {
  const isOurs = path.endsWith('sock_native.node')
  return dlopen(module, isOurs ? process.env['SOCK_NATIVE_BINARY'] : path, ...rest)
}
