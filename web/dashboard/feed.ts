/** Follows a planner: its state every few seconds and after each event, its decisions as they are made. @module */

import type { DecisionView, PlannerStateView } from "./api.ts";

/** How the planner is reached just now. */
export type Link = "connecting" | "live" | "lost";

/** Watts at one instant, for the plot. */
export interface WattsSample {
  readonly atMs: number;
  readonly budget: number | null;
  readonly charged: number | null;
  readonly effective: number | null;
  readonly drawn: number | null;
}

/** Everything that is known. */
export interface FeedView {
  readonly link: Link;
  /** Why it is lost. */
  readonly trouble: string | undefined;
  readonly state: PlannerStateView | undefined;
  /** When the state was read, by the browser's clock. */
  readonly readAtMs: number | undefined;
  /** Newest first. */
  readonly decisions: readonly DecisionView[];
  readonly samples: readonly WattsSample[];
  /** How often another process was met at the address. */
  readonly restarts: number;
}

const EMPTY: FeedView = {
  link: "connecting",
  trouble: undefined,
  state: undefined,
  readAtMs: undefined,
  decisions: [],
  samples: [],
  restarts: 0,
};

/** State is read so often when nothing happens, milliseconds, and at most so often when much does. */
const POLL_MS = 3_000;
const SOON_MS = 400;
/** A read that takes longer is given up. */
const READ_MS = 8_000;
/** A stream that was refused is opened again after so long. */
const REOPEN_MS = 3_000;
const MOST_DECISIONS = 100;
const MOST_SAMPLES = 1_500;

/** Follows until stopped. */
export class Feed {
  readonly #tell: (view: FeedView) => void;
  #view = EMPTY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reopening: ReturnType<typeof setTimeout> | undefined;
  #stream: EventSource | undefined;
  /** Decisions of the stream since the list was last asked for. */
  #streamed: readonly DecisionView[] = [];
  #reading = false;
  #stopped = false;

  constructor(tell: (view: FeedView) => void) {
    this.#tell = tell;
    this.#open();
    this.#read();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reopening);
    this.#stream?.close();
  }

  #change(part: Partial<FeedView>): void {
    this.#view = { ...this.#view, ...part };
    this.#tell(this.#view);
  }

  #open(): void {
    this.#stream?.close();
    const stream = new EventSource("api/v1/stream");
    this.#stream = stream;
    stream.addEventListener("decision", (event) => {
      this.#decided(event.data);
      this.#soon();
    });
    for (const name of ["transition", "step", "fault", "configuration"]) {
      stream.addEventListener(name, () => this.#soon());
    }
    // The planner may be another one now.
    stream.addEventListener("open", () => this.#soon());
    stream.addEventListener("error", () => {
      // A closed stream is not opened again by the browser.
      if (stream.readyState !== EventSource.CLOSED || this.#stopped) return;
      clearTimeout(this.#reopening);
      this.#reopening = setTimeout(() => this.#open(), REOPEN_MS);
    });
  }

  #decided(text: string): void {
    let decision: DecisionView;
    try {
      decision = JSON.parse(text);
    } catch {
      return;
    }
    this.#streamed = [decision, ...this.#streamed].slice(0, MOST_DECISIONS);
    this.#change({ decisions: merged([decision], this.#view.decisions) });
  }

  #soon(): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#read(), SOON_MS);
  }

  async #read(): Promise<void> {
    if (this.#reading || this.#stopped) return;
    this.#reading = true;
    try {
      const state = await json<PlannerStateView>("api/v1/state");
      const known = this.#view.state;
      const isOther = known !== undefined &&
        known.started_at_ms !== state.started_at_ms;
      const newest = this.#view.decisions[0]?.id ?? -1;
      const isBehind = (state.last_decision_id ?? -1) > newest;
      if (known === undefined || isOther || isBehind) {
        this.#streamed = [];
        const { decisions } = await json<{ decisions: DecisionView[] }>(
          `api/v1/decisions?limit=${MOST_DECISIONS / 2}`,
        );
        // What the stream told meanwhile may be newer than the page of decisions.
        this.#change({ decisions: merged(this.#streamed, decisions) });
      }
      this.#change({
        link: "live",
        trouble: undefined,
        state,
        readAtMs: Date.now(),
        restarts: this.#view.restarts + (isOther ? 1 : 0),
        samples: [...isOther ? [] : this.#view.samples, sampleOf(state)].slice(
          -MOST_SAMPLES,
        ),
      });
    } catch (error) {
      this.#change({
        link: "lost",
        trouble: error instanceof Error ? error.message : String(error),
      });
    } finally {
      this.#reading = false;
      clearTimeout(this.#timer);
      if (!this.#stopped) {
        this.#timer = setTimeout(() => this.#read(), POLL_MS);
      }
    }
  }
}

async function json<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(path, {
    cache: "no-store",
    signal: AbortSignal.timeout(READ_MS),
  });
  if (!answer.ok) throw new Error(`The planner answered ${answer.status}.`);
  return await answer.json();
}

/** Newest first, each once. */
function merged(
  fresh: readonly DecisionView[],
  known: readonly DecisionView[],
): DecisionView[] {
  const ids = new Set(fresh.map(({ id }) => id));
  return [...fresh, ...known.filter(({ id }) => !ids.has(id))]
    .sort((a, b) => b.id - a.id).slice(0, MOST_DECISIONS);
}

function sampleOf(state: PlannerStateView): WattsSample {
  const { transition } = state;
  const gpus = state.nodes.flatMap((node) => node.gpus)
    .filter(({ side }) => side !== null);
  return {
    atMs: state.now_ms,
    budget: transition?.budget_in_force_watts ?? state.budget_watts,
    charged: transition?.charged_watts ?? null,
    effective: sumOf(gpus.map(({ effective_watts }) => effective_watts)),
    drawn: sumOf(gpus.map(({ draw_watts }) => draw_watts)),
  };
}

/** Null when nothing is known; what is unknown is not zero. */
export function sumOf(watts: readonly (number | null)[]): number | null {
  const known = watts.filter((one) => one !== null);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
}
