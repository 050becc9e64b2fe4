import type { Random } from '../../examples/redis/random.js'
import { anyWord } from './words.js'

/** Commands that end or stop a server or a connection are tested only as their grammar says. */
const AS_THEY_ARE = new Set(['shutdown', 'client|kill', 'client|reply', 'client|pause', 'debug|sleep'])

/** Whether a name with a NUL is found depends on the bucket of the hash table that the name without it falls in. */
const UP_TO_CHANCE = /^(command|config)/

/** The command with one or two changes: an argument, the number of arguments, or their order. */
export function spoil(
  random: Random,
  name: string,
  args: readonly string[],
  options: readonly string[],
): string[] {
  const spoilt = [...args]
  if (AS_THEY_ARE.has(name)) return spoilt
  const first = name.split('|').length
  for (let count = 1 + random.below(2); count > 0; count--) {
    const at = first + random.below(Math.max(spoilt.length - first, 1))
    const word = () => (random.below(3) === 0 ? random.pick(options) : anyWord(random))
    const choice = random.below(6)
    if (choice === 0) spoilt.splice(at, 1)
    else if (choice === 1) spoilt.splice(at, 0, word())
    else if (choice === 2) spoilt.push(word())
    else if (choice === 3 && at < spoilt.length) spoilt[at] = word()
    else if (choice === 4 && at + 1 < spoilt.length) spoilt.push(...spoilt.splice(at, 1))
    else if (choice === 5 && random.below(4) === 0) spoilt[first - 1] = anyWord(random)
    else if (choice === 5 && at < spoilt.length && !UP_TO_CHANCE.test(name))
      spoilt[at] += random.pick(['\0', '\0x', ' '])
  }
  return spoilt
}

/** Whether neither server needs gigabytes or minutes for the command, and its effect does not depend on time. */
export function isHarmless(args: readonly string[]): boolean {
  const [name = '', second = ''] = args.map(arg => arg.toLowerCase())
  if (name === 'shutdown') return /^(x|abort)$/.test(second) || args.length > 2
  if (expiresSoon(name, args) || blocksLong(name, args)) return false
  const numbers = args.filter(arg => /^-?\d{1,20}$/.test(arg)).map(BigInt)
  if (/randmember$|randfield$/.test(name)) return !numbers.some(each => each < -1000n && each > -(2n ** 63n))
  if (/^setrange$|^setbit$|^bitfield/.test(name))
    return !numbers.some(each => each > 1_000_000n && each < 2n ** 32n)
  return true
}

/** Whether a command might block for longer than a transcript waits, or forever. */
function blocksLong(name: string, args: readonly string[]): boolean {
  if (!/^b([lrz]m?pop|lmove|rpoplpush)/.test(name)) return false
  const timeout = Number(/mpop$/.test(name) ? args[1] : args.at(-1))
  return Number.isFinite(timeout) && (timeout > 0.1 || timeout === 0)
}

/** Whether a key might expire during a transcript, on one server before the other. */
function expiresSoon(name: string, args: readonly string[]): boolean {
  const soon = (arg: string | undefined) => /^[1-9]\d{0,5}$/.test(arg ?? '')
  if (/^p?(setex|expire)$/.test(name)) return soon(args[2])
  return (
    /^(set|getex)$/.test(name) && args.some((arg, index) => /^[ep]x$/i.test(arg) && soon(args[index + 1]))
  )
}
