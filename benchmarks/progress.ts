import type { WriteStream } from 'node:tty'

/** Reports a run's progress: one line that is overwritten on a terminal, otherwise a line for each measurement. */
export interface Progress {
  /** The current step. */
  status(text: string): void
  /** A finished measurement. */
  done(text: string): void
  /** A line to keep on the screen. */
  line(text: string): void
  end(): void
}

export function progressOn(stream: Pick<WriteStream, 'write' | 'columns' | 'isTTY'>): Progress {
  return stream.isTTY ? onTerminal(stream) : inLog(stream)
}

function onTerminal(stream: Pick<WriteStream, 'write' | 'columns'>): Progress {
  const show = (text: string) => stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`)
  return {
    status: show,
    done: show,
    line: text => stream.write(`\r\x1b[K${text}\n`),
    end: () => stream.write('\r\x1b[K'),
  }
}

function inLog(stream: Pick<WriteStream, 'write'>): Progress {
  const line = (text: string) => stream.write(`${text}\n`)
  return { status: () => {}, done: line, line, end: () => {} }
}
