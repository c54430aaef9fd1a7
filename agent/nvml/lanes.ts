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
import { Watchdog } from "./watchdog.ts";

interface Lane {
  /** Settles when the last call handed to this lane has returned or been given up. */
  tail: Promise<unknown> | undefined;
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

  readonly #watchdog: Watchdog;

  /** @param deadlineMs after which a call is given up, milliseconds */
  constructor(
    private readonly library: () => BoundLibrary,
    clock: Clock,
    deadlineMs: number,
  ) {
    this.#watchdog = new Watchdog(clock, deadlineMs);
  }

  /** Lanes with a call beyond its deadline. */
  hung(): string[] {
    return [...this.#lanes].filter(([, lane]) => lane.hung).map(([key]) => key);
  }

  /** Calls that have not returned, given up or not. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Lets the process end when no call is outstanding. */
  rest(): void {
    this.#watchdog.rest();
  }

  /** Calls a symbol in a lane. Never throws. */
  call(
    key: string,
    name: NvmlSymbolName,
    ...args: readonly NvmlArgument[]
  ): Promise<CallOutcome> {
    const lane = this.#lane(key);
    const outcome = lane.tail === undefined
      ? this.#inTurn(lane, name, args)
      : lane.tail.then(() => this.#inTurn(lane, name, args));
    lane.tail = outcome;
    outcome.then(() => {
      if (lane.tail === outcome) lane.tail = undefined;
    });
    return outcome;
  }

  #inTurn(
    lane: Lane,
    name: NvmlSymbolName,
    args: readonly NvmlArgument[],
  ): Promise<CallOutcome> {
    if (lane.hung) {
      return Promise.resolve(fail(AGENT_NVML_ERRORS.busy, name));
    }
    const library = this.library();
    if (!library.has(name)) {
      return Promise.resolve(fail(AGENT_NVML_ERRORS.missing, name));
    }
    return new Promise((resolve) => {
      this.#outstanding++;
      const watched = this.#watchdog.watch(() => {
        lane.hung = true;
        resolve(fail(AGENT_NVML_ERRORS.deadline, name));
      });
      const returned = (outcome: CallOutcome) => {
        this.#watchdog.done(watched);
        this.#outstanding--;
        lane.hung = false;
        resolve(outcome);
      };
      started(library, name, args).then(
        (code) =>
          returned(
            code === NVML_SUCCESS ? DONE : {
              ok: false,
              error: { name: nvmlCodeName(code), code, call: name },
            },
          ),
        () => returned(fail("AGENT_CALL_FAILED", name)),
      );
    });
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { tail: undefined, hung: false };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}

/** A binder may also refuse at once. */
function started(
  library: BoundLibrary,
  name: NvmlSymbolName,
  args: readonly NvmlArgument[],
): Promise<number> {
  try {
    return library.call(name, ...args);
  } catch (error) {
    return Promise.reject(error);
  }
}

const DONE: CallOutcome = { ok: true, value: undefined };

function fail(
  name: string,
  call: string,
): { readonly ok: false; readonly error: NvmlError } {
  return { ok: false, error: { name, code: undefined, call } };
}
