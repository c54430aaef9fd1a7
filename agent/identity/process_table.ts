/** Processes of the host through `/proc`: who they are, whether they still are who they were. @module */

import { type CgroupReading, readCgroup } from "./cgroup_path.ts";
import { Living } from "./living.ts";

/** A process, or why there is nothing to say about it. */
export type ProcessReading =
  | {
    readonly kind: "running";
    /** With the PID the identity of a process: a reused PID has another one. Clock ticks since boot. */
    readonly startTicks: number;
    readonly cgroup: CgroupReading;
  }
  /** There is no process of this PID, or only its exit code. */
  | { readonly kind: "gone" }
  /** It is there, and cannot be trusted or read: exiting, replaced while being read, permission denied. */
  | { readonly kind: "unknown"; readonly reason: string };

interface Known {
  readonly reading: Extract<ProcessReading, { kind: "running" }>;
  /** Readings that the cgroup still serves. */
  left: number;
  /** Until when it serves, milliseconds of the table's clock. */
  readonly untilMs: number;
  /** Read since the last {@linkcode ProcessTable.forgetUnread}. */
  read: boolean;
}

interface Stat {
  readonly startTicks: number;
  readonly exiting: boolean;
}

/** Kernel flag of a process that is on its way out; its cgroup may already read as the root. */
const PF_EXITING = 0x4;
/** `CLK_TCK`: what the kernel's `/proc` counts in on every architecture we run on, ticks a second. */
export const TICKS_PER_SECOND = 100;
/** How many readings a cached cgroup outside pods serves: a container's first process is moved into its pod's. */
const READINGS_OUTSIDE = 8;
/**
 * How long a cached cgroup in a pod serves, milliseconds; nothing leaves its pod but by an administrator's hand. Between
 * this and twice this, by PID, so that not all are read anew in the same pass.
 */
const IN_POD_MS = 120_000;
/** Shares that the PIDs are spread over. */
const SPREAD = 64;

/** Reads processes below one `/proc`. */
export class ProcessTable {
  readonly #root: string;
  readonly #readText: (path: string) => string;
  readonly #nowMs: () => number;
  readonly #known = new Map<number, Known>();
  /** Undefined when somebody else reads the files. */
  readonly #living: Living | undefined;

  /**
   * @param procRoot `/proc`, or where the host's is mounted
   * @param readText how a file is read
   * @param nowMs a monotonic clock, milliseconds
   */
  constructor(
    procRoot: string,
    readText?: (path: string) => string,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#root = procRoot;
    this.#nowMs = nowMs;
    this.#readText = readText ?? Deno.readTextFileSync;
    this.#living = readText ? undefined : new Living();
  }

  /** How many files are kept open. */
  get openFiles(): number {
    return this.#living?.size ?? 0;
  }

  /**
   * Reads a process that is asked about each pass: what is known of it holds while it is proven to live. One that is
   * ending still counts as running.
   */
  glance(pid: number): ProcessReading {
    const known = this.#known.get(pid);
    if (known && known.left > 0 && this.#living?.has(pid)) {
      known.left--;
      known.read = true;
      return known.reading;
    }
    // Kept before it is read: a file of a process whose PID is reused in between is dead, and never says otherwise.
    if (known) this.#living?.keep(pid, `${this.#root}/${pid}/oom_score_adj`);
    return this.read(pid);
  }

  /** Reads a process. Its start time is read before and after its cgroup: a PID may be reused in between. */
  read(pid: number): ProcessReading {
    const before = this.#stat(pid);
    if ("kind" in before) return this.#forget(pid, before);
    if (before.exiting) {
      return this.#forget(pid, { kind: "unknown", reason: "it is exiting" });
    }
    const { startTicks } = before;
    const known = this.#known.get(pid);
    if (
      known?.reading.startTicks === startTicks && known.left > 0 &&
      this.#nowMs() < known.untilMs
    ) {
      known.left--;
      known.read = true;
      return known.reading;
    }
    const content = this.#text(`${pid}/cgroup`);
    const after = this.#stat(pid);
    if ("kind" in content) return this.#forget(pid, content);
    if ("kind" in after) return this.#forget(pid, after);
    if (after.startTicks !== startTicks || after.exiting) {
      const reason = "it ended while it was read";
      return this.#forget(pid, { kind: "unknown", reason });
    }
    const cgroup = readCgroup(content.text);
    const reading = { kind: "running", startTicks, cgroup } as const;
    this.#known.set(pid, {
      reading,
      left: cgroup.kind === "pod" ? Infinity : READINGS_OUTSIDE,
      untilMs: this.#nowMs() + IN_POD_MS * (1 + pid % SPREAD / SPREAD),
      read: true,
    });
    return reading;
  }

  /** PIDs of all processes, or undefined when they cannot be listed. */
  pids(): number[] | undefined {
    try {
      const pids: number[] = [];
      for (const { name } of Deno.readDirSync(this.#root)) {
        if (/^[1-9]\d{0,9}$/.test(name)) pids.push(Number(name));
      }
      return pids;
    } catch {
      return undefined;
    }
  }

  /** Ticks since boot, or undefined when they cannot be read. */
  uptimeTicks(): number | undefined {
    const content = this.#text("uptime");
    if ("kind" in content) return undefined;
    const seconds = Number(content.text.split(" ", 1)[0]);
    return Number.isFinite(seconds) ? seconds * TICKS_PER_SECOND : undefined;
  }

  /** Drops what is remembered of processes that nobody has read since the last call, and what has served its time. */
  forgetUnread(): void {
    const now = this.#nowMs();
    for (const [pid, known] of this.#known) {
      if (now >= known.untilMs) known.left = 0;
      if (!known.read) {
        this.#known.delete(pid);
        this.#living?.drop(pid);
      }
      known.read = false;
    }
  }

  #forget(pid: number, reading: ProcessReading): ProcessReading {
    this.#known.delete(pid);
    this.#living?.drop(pid);
    return reading;
  }

  #stat(pid: number): Stat | Exclude<ProcessReading, { kind: "running" }> {
    const content = this.#text(`${pid}/stat`);
    if ("kind" in content) return content;
    // The name may hold blanks and parentheses; what follows its last one has fixed places (proc(5)).
    const fields = content.text.slice(content.text.lastIndexOf(")") + 2).split(
      " ",
      20,
    );
    const startTicks = Number(fields[19]);
    const flags = Number(fields[6]);
    if (!Number.isSafeInteger(startTicks) || !Number.isSafeInteger(flags)) {
      return { kind: "unknown", reason: "its stat file is malformed" };
    }
    const dead = "ZXx".includes(fields[0] ?? "?");
    // A zombie without other threads has closed its files: it waits for its parent and holds no GPU.
    if (dead && Number(fields[17]) <= 1) return { kind: "gone" };
    return { startTicks, exiting: dead || (flags & PF_EXITING) !== 0 };
  }

  #text(
    path: string,
  ): { readonly text: string } | Exclude<ProcessReading, { kind: "running" }> {
    try {
      return { text: this.#readText(`${this.#root}/${path}`) };
    } catch (error) {
      return isGone(error)
        ? { kind: "gone" }
        : { kind: "unknown", reason: `it cannot be read: ${error}` };
    }
  }
}

/** No such file, or a process that ended between opening and reading (ESRCH). */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && "code" in error && error.code === "ESRCH");
}
