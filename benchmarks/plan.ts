import type { Program } from './programs.js'

/** A server that takes part: how it is started on a port. */
export interface Rival {
  readonly name: string
  /** What it is, for the caption: program and version. */
  about(): string | Promise<string>
  /** What has to be installed for it. */
  readonly needs?: Program
  /** How to start it on this port of 127.0.0.1. May compile something first. */
  command(port: number): Command | Promise<Command>
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A rival that is running. */
export interface Target {
  readonly name: string
  readonly port: number
  readonly pid: number
}

/** What one measurement gave, by the key of the metric. */
export type Sample = Readonly<Record<string, number>>

/** How much a measurement is to do: a length, and how many requests the fastest rival answers in it. */
export interface Effort {
  readonly seconds: number
  readonly requests: number
}

/** One piece of work that every rival is given. */
export interface Trial {
  readonly name: string
  /** Trials of one group stand together in the picture. */
  readonly group: string
  /** Whether a rival, by its name, takes part. Absent: all do. */
  takes?(rival: string): boolean
  /** Rejects, saying what was answered to what, unless the server answers this work as it must. */
  check(target: Target): Promise<void>
  /** Lets the server get up to speed; answers roughly how many requests per second it does. */
  warmUp(target: Target): Promise<number>
  measure(target: Target, effort: Effort): Promise<Sample>
}

/** One column of figures. */
export interface Metric {
  readonly key: string
  readonly title: string
  format(value: number): string
  /** Whether the column is also shown as a ratio: to every base, or to the first one only. */
  readonly ratios?: 'all' | 'first'
  /** Whether min and max are shown as well. */
  readonly spread?: boolean
  /** Its heading in the picture; without one it is not drawn. */
  readonly chart?: string
}

/** All of a bench before it runs. */
export interface Plan {
  readonly name: string
  readonly title: string
  /** What load was put on, in a few words: it stands under the title. */
  readonly conditions: string
  /** What else has to be known to read the figures, a paragraph each; on the page only. */
  readonly notes?: readonly string[]
  readonly rivals: readonly Rival[]
  /** The rivals that ratios are taken to. */
  readonly bases: readonly string[]
  readonly trials: readonly Trial[]
  readonly metrics: readonly Metric[]
  readonly rounds: number
  /** Length of one measurement. */
  readonly seconds: number
  /** True: every measurement gets a server of its own, just started. */
  readonly fresh?: boolean
  /** Ends what was started besides the rivals. */
  close?(): Promise<void>
}

/** One line of the result: what a rival did in a trial, round by round. */
export interface Row {
  readonly trial: string
  readonly group: string
  readonly server: string
  readonly samples: readonly Sample[]
}

export interface Outcome {
  readonly rows: readonly Row[]
  /** What could not take part because something is not installed. */
  readonly skipped: readonly string[]
  /** What took part and went wrong. */
  readonly failed: readonly string[]
}
