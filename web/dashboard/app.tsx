/** The dashboard: what the planner sees, does and waits for. It reads and never writes. @module */

import { useEffect, useMemo, useState } from "preact/hooks";
import { TopBar } from "../page/top_bar.tsx";
import { Coefficients } from "./coefficients.tsx";
import { Decisions } from "./decisions.tsx";
import { Feed, type FeedView } from "./feed.ts";
import { InProgress } from "./in_progress.tsx";
import { Nodes } from "./nodes.tsx";
import { Sides } from "./sides.tsx";
import { Standing } from "./standing.tsx";
import { WattsOverTime } from "./watts_plot.tsx";

/** A state that is older is stale, milliseconds. */
const STALE_MS = 10_000;
/** What is there before anything is. */
const NONE: readonly never[] = [];

/** The page. */
export function Dashboard() {
  const [view, setView] = useState<FeedView>();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const feed = new Feed(setView);
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => {
      feed.stop();
      clearInterval(timer);
    };
  }, []);
  const age = view?.readAtMs === undefined
    ? undefined
    : Math.max(0, now - view.readAtMs);
  const isStale = age !== undefined && age > STALE_MS;
  // What the seconds that pass do not change is drawn when it changes: a fleet may have a thousand GPUs.
  const state = view?.state;
  const standing = useMemo(() => <Standing view={view} />, [view]);
  const sides = useMemo(() => <Sides state={state} />, [state]);
  const inProgress = useMemo(() => <InProgress state={state} />, [state]);
  const nodes = useMemo(() => <Nodes state={state} />, [state]);
  const { samples = NONE, decisions = NONE } = view ?? {};
  const plot = useMemo(() => <WattsOverTime samples={samples} />, [samples]);
  const coefficients = useMemo(() => (
    <Coefficients
      decision={decisions.find(({ coefficients }) => coefficients)}
    />
  ), [decisions]);
  const list = useMemo(() => <Decisions decisions={decisions} />, [decisions]);
  return (
    <>
      <TopBar page="dashboard" isBusy={view?.state === undefined}>
        <Freshness view={view} age={age} isStale={isStale} />
      </TopBar>
      <main
        class={`board${isStale ? " stale" : ""}`}
        aria-busy={view?.state === undefined}
      >
        {standing}
        <div class="grid">
          {sides}
          {inProgress}
        </div>
        {plot}
        <div class="grid">
          {nodes}
          {coefficients}
        </div>
        {list}
      </main>
    </>
  );
}

function Freshness(
  { view, age, isStale }: {
    readonly view: FeedView | undefined;
    readonly age: number | undefined;
    readonly isStale: boolean;
  },
) {
  const seconds = age === undefined ? 0 : Math.floor(age / 1000);
  const word = view?.link === "lost" || isStale
    ? "lost"
    : view?.link ?? "connecting";
  const text = word === "live"
    ? seconds < 5 ? "Live" : `Read ${seconds} s ago`
    : word === "connecting"
    ? "Connecting …"
    : age === undefined
    ? "The planner does not answer"
    : `The planner does not answer; this was read ${seconds} s ago`;
  return (
    <>
      <span class={`fresh fresh-${word}`} title={view?.trouble ?? ""}>
        {text}
      </span>
      {/* Said once when it changes, not every second. */}
      <span class="visually-hidden" role="status">
        {word === "lost"
          ? "The planner does not answer; what is shown is old."
          : word === "live"
          ? "Live."
          : ""}
      </span>
    </>
  );
}
