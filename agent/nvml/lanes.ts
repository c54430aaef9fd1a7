/** One call at a time per GPU, each with a deadline: one hung GPU must not take the others' threads. @module */

import {
  AGENT_NVML_ERRORS,
  type Clock,
  type NvmlError,
  type NvmlResult,
} from "../ports.ts";
import type { BoundLibrary, NvmlArgument } from "./binder.ts";
import { NVML_SUCCESS, nvmlCodeName } from "./codes.ts";
import type { NvmlSymbolName } from "./symbols.ts";

interface Lane {
  /** Settles when the last call handed to this lane has returned or been given up. */
  tail: Promise<unknown>;
  /** A call is past its deadline and has still not returned. */
  hung: boolean;
}

/** How a call went: NVML's code, or why there is none. */
export type CallOutcome = NvmlResult<undefined>;

/**
 * Calls in lanes. Calls of one lane run one after another; a call past its deadline gives up its result but keeps its
 * lane closed until it returns, because a second stuck thread would help nobody and 64 of them stall the process.
 */
export class CallLanes {
  readonly #lanes = new Map<string, Lane>();
  #outstanding = 0;

  constructor(
    private readonly library: () => BoundLibrary,
    private readonly clock: Clock,
    /** Milliseconds after which a call is given up. */
    private readonly deadlineMs: number,
  ) {}

  /** Lanes with a call beyond its deadline. */
  hung(): string[] {
    return [...this.#lanes].filter(([, lane]) => lane.hung).map(([key]) => key);
  }

  /** Calls that have not returned, given up or not. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Calls a symbol in a lane. Never throws. */
  async call(
    key: string,
    name: NvmlSymbolName,
    ...args: readonly NvmlArgument[]
  ): Promise<CallOutcome> {
    const lane = this.#lane(key);
    const before = lane.tail;
    const turn = Promise.withResolvers<void>();
    lane.tail = turn.promise;
    await before;
    try {
      return await this.#inTurn(lane, name, args);
    } finally {
      turn.resolve();
    }
  }

  async #inTurn(
    lane: Lane,
    name: NvmlSymbolName,
    args: readonly NvmlArgument[],
  ): Promise<CallOutcome> {
    if (lane.hung) return fail(AGENT_NVML_ERRORS.busy, name);
    const library = this.library();
    if (!library.has(name)) return fail(AGENT_NVML_ERRORS.missing, name);
    this.#outstanding++;
    const answer = library.call(name, ...args).then(
      (code): CallOutcome =>
        code === NVML_SUCCESS ? { ok: true, value: undefined } : {
          ok: false,
          error: { name: nvmlCodeName(code), code, call: name },
        },
      (): CallOutcome => fail("AGENT_CALL_FAILED", name),
    ).finally(() => {
      this.#outstanding--;
      lane.hung = false;
    });
    const expiry = new AbortController();
    const expired = this.clock.sleep(this.deadlineMs, expiry.signal).then(
      () => undefined,
    );
    const first = await Promise.race([answer, expired]);
    if (first !== undefined) {
      expiry.abort();
      return first;
    }
    lane.hung = true;
    return fail(AGENT_NVML_ERRORS.deadline, name);
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { tail: Promise.resolve(), hung: false };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}

function fail(
  name: string,
  call: string,
): { readonly ok: false; readonly error: NvmlError } {
  return { ok: false, error: { name, code: undefined, call } };
}
