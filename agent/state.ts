/**
 * The durable set of caps: who has which GPU, what was there before, what is under way (`SPEC.md` §9, A4).
 *
 * A write goes to `state.json.new`, to the disk, then by two renames into place, the old one becoming
 * `state.json.previous`. Whatever instant a crash falls on, one whole file with the newest finished revision is there.
 *
 * @module
 */

import type { GpuEntry } from "./entry.ts";
import {
  decodeState,
  type DurableState,
  EMPTY_STATE,
  encodeState,
} from "./state_codec.ts";
import type { StateFiles } from "./state_files.ts";

const CURRENT = "state.json";
const PREVIOUS = "state.json.previous";
const NEXT = "state.json.new";
/** Report sequences reserved with one write, so that a heartbeat costs no fsync. */
const SEQUENCE_BLOCK = 1_000;

/** How the record was found at start. */
export type RecordHealth =
  /** Whole: the newest revision was read. */
  | { readonly kind: "intact" }
  /** Nothing there: a first start, or a wiped disk. Treated as lost until a consistent LIST (C22). */
  | { readonly kind: "missing" }
  /** Set aside under a name of its own, never erased; what an older copy still says is used as a hint. */
  | {
    readonly kind: "quarantined";
    readonly problem: string;
    readonly as: readonly string[];
  };

/** The store. One per process; calls to {@linkcode update} are put one after another. */
export class StateStore {
  #state: DurableState = EMPTY_STATE;
  #nextSequence = 0;
  #writing: Promise<void> = Promise.resolve();
  #fault: string | undefined;

  private constructor(
    private readonly files: StateFiles,
    readonly health: RecordHealth,
  ) {}

  /** Reads what is there. Never erases: a bad file is renamed. */
  static async open(files: StateFiles): Promise<StateStore> {
    const found: { name: string; state: DurableState }[] = [];
    const problems: { name: string; problem: string }[] = [];
    for (const name of [CURRENT, PREVIOUS, NEXT]) {
      const reading = await readOne(files, name);
      if (reading === undefined) continue;
      if (reading.kind === "state") found.push({ name, state: reading.state });
      else problems.push({ name, problem: reading.problem });
    }
    // A torn file under the new name is what a crash in the middle of a write leaves: nothing is lost by it.
    const serious = problems.filter(({ name }) => name !== NEXT);
    const orphan = found.length === 0 ? problems : serious;
    const health = await healthOf(files, found, orphan);
    const store = new StateStore(files, health);
    const newest = found.sort((a, b) => b.state.revision - a.state.revision)[0];
    store.#state = newest?.state ?? EMPTY_STATE;
    // A write that a crash cut off before its renames is finished first: its file must not be truncated.
    if (newest?.name === NEXT) await store.#install();
    store.#nextSequence = store.#state.sequenceCeiling;
    return store;
  }

  /** Why the last write failed; undefined when it did not. */
  get fault(): string | undefined {
    return this.#fault;
  }

  entries(): readonly GpuEntry[] {
    return this.#state.entries;
  }

  entry(uuid: string): GpuEntry | undefined {
    return this.#state.entries.find((entry) => entry.uuid === uuid);
  }

  /**
   * Changes one entry and returns when it is on the disk. `undefined` removes it. When the write fails nothing has
   * changed, here or there.
   *
   * @returns false when it could not be made durable; {@linkcode fault} says why
   */
  async update(
    uuid: string,
    change: (entry: GpuEntry | undefined) => GpuEntry | undefined,
  ): Promise<boolean> {
    return await this.#write((state) => {
      const next = change(state.entries.find((entry) => entry.uuid === uuid));
      const others = state.entries.filter((entry) => entry.uuid !== uuid);
      const kept = next && (next.applied || next.intent) ? [next] : [];
      const entries = [...others, ...kept].sort((a, b) =>
        a.uuid < b.uuid ? -1 : 1
      );
      return { ...state, entries };
    });
  }

  /** A report with this sequence has been sent, whatever the record says: it may have been lost since (C19). */
  sequenceSeen(sequence: number): void {
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
  }

  /**
   * The next report's sequence: grows for ever, across crashes (C19).
   *
   * @returns undefined when it cannot be made durable: a later report would not be known to be later
   */
  async nextSequence(): Promise<number | undefined> {
    if (this.#nextSequence >= this.#state.sequenceCeiling) {
      const sequenceCeiling = this.#nextSequence + SEQUENCE_BLOCK;
      const written = await this.#write((state) => ({
        ...state,
        sequenceCeiling,
      }));
      if (!written) return undefined;
    }
    return this.#nextSequence++;
  }

  /** Writes are put in order; each starts from what the one before left. */
  async #write(
    change: (state: DurableState) => DurableState,
  ): Promise<boolean> {
    const before = this.#writing;
    const turn = Promise.withResolvers<void>();
    this.#writing = turn.promise;
    await before;
    try {
      const next = {
        ...change(this.#state),
        revision: this.#state.revision + 1,
      };
      await this.files.writeDurably(NEXT, await encodeState(next));
      await this.#install();
      this.#state = next;
      this.#fault = undefined;
      return true;
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      turn.resolve();
    }
  }

  async #install(): Promise<void> {
    try {
      await this.files.rename(CURRENT, PREVIOUS);
    } catch (error) {
      // The first write, a file set aside at start, or a crash between the two renames: the new file takes the place all the same.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.files.rename(NEXT, CURRENT);
    await this.files.syncDirectory();
  }
}

async function readOne(files: StateFiles, name: string) {
  try {
    const text = await files.read(name);
    return text === undefined ? undefined : await decodeState(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { kind: "bad" as const, problem };
  }
}

async function healthOf(
  files: StateFiles,
  found: readonly unknown[],
  problems: readonly { name: string; problem: string }[],
): Promise<RecordHealth> {
  if (problems.length === 0) {
    return { kind: found.length > 0 ? "intact" : "missing" };
  }
  const taken = await files.list();
  const as: string[] = [];
  for (const { name } of problems) {
    let n = 1;
    while (taken.includes(`${name}.quarantine-${n}`)) n++;
    await files.rename(name, `${name}.quarantine-${n}`);
    as.push(`${name}.quarantine-${n}`);
  }
  const problem = problems.map(({ name, problem }) => `${name}: ${problem}`)
    .join("; ");
  return { kind: "quarantined", problem, as };
}
