/** An error like those of the system, for what would come from there: core and its users tell them by `code`. */
export function systemError(syscall: string, code: string, name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${syscall} ${code} ${name}`.trimEnd()), { code, syscall })
}
