/** Returns an error like the system's: core and its users compare the `code`. */
export function systemError(syscall: string, code: string, name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${syscall} ${code} ${name}`.trimEnd()), { code, syscall })
}
