import type { WriteStream } from 'node:tty'

/** Says what a run is doing: one line that is overwritten on a terminal, one line a measurement elsewhere. */
export interface Progress {
  /** What is being done now. */
  status(text: string): void
  /** What has been measured. */
  done(text: string): void
  /** Something worth keeping on the screen. */
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
