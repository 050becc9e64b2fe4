import type { Program } from './programs.js'

/** A server to compare: how to start it on a port. */
export interface Rival {
  readonly name: string
  /** Program and version, for the caption. */
  about(): string | Promise<string>
  /** The program that must be installed. */
  readonly needs?: Program
  /** How to start it on this port of 127.0.0.1. May compile it first. */
  command(port: number): Command | Promise<Command>
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A running rival. */
export interface Target {
  readonly name: string
  readonly port: number
  readonly pid: number
}

/** The result of one measurement, by metric key. */
export type Sample = Readonly<Record<string, number>>

/** The extent of a measurement: a length, and how many requests the fastest rival answers in that time. */
export interface Effort {
  readonly seconds: number
  readonly requests: number
}

/** One piece of work that every rival does. */
export interface Trial {
  readonly name: string
  /** Trials of one group are drawn together in the chart. */
  readonly group: string
  /** Whether a rival, by its name, takes part. Absent: all do. */
  takes?(rival: string): boolean
  /** Rejects, with request and response, unless the server answers this work correctly. */
  check(target: Target): Promise<void>
  /** Warms the server up; resolves to its approximate requests per second. */
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
  /** Its heading in the chart; without one it is not drawn. */
  readonly chart?: string
}

/** The complete plan of a bench. */
export interface Plan {
  readonly name: string
  readonly title: string
  /** The load in a few words, shown below the title. */
  readonly conditions: string
  /** What a reader must know to interpret the figures, a paragraph each; on the page only. */
  readonly notes?: readonly string[]
  readonly rivals: readonly Rival[]
  /** The rivals that ratios refer to. */
  readonly bases: readonly string[]
  readonly trials: readonly Trial[]
  readonly metrics: readonly Metric[]
  readonly rounds: number
  /** The length of one measurement. */
  readonly seconds: number
  /** True: starts a new server for every measurement. */
  readonly fresh?: boolean
  /** Ends what was started in addition to the rivals. */
  close?(): Promise<void>
}

/** One row of the result: a rival's samples in a trial, one for each round. */
export interface Row {
  readonly trial: string
  readonly group: string
  readonly server: string
  readonly samples: readonly Sample[]
}

export interface Outcome {
  readonly rows: readonly Row[]
  /** What was skipped because something is not installed. */
  readonly skipped: readonly string[]
  /** What failed. */
  readonly failed: readonly string[]
}
