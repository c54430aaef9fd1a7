/** The capacity planner: inputs on one side, the answer on the other. @module */

import { useEffect, useRef, useState } from "preact/hooks";
import {
  BUILTIN_SYSTEMS,
  capRangeOf,
  type Sizing,
} from "../../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import { gpuMaxWatts, rackSizing } from "../plan/budget.ts";
import { type PlanQuestion, questionOf } from "../plan/question.ts";
import type { PlanState } from "../plan/state.ts";
import { sweepLine } from "../plan/sweep_line.ts";
import { linkOf, readLink } from "../plan/url.ts";
import { listPacks, removePack } from "../worker/packs.ts";
import type { StoredPack, ToldError } from "../worker/protocol.ts";
import { type Answer, withPart } from "./answer.ts";
import { Binding } from "./binding.tsx";
import { Comparison } from "./comparison_table.tsx";
import { DataPanel } from "./data_panel.tsx";
import { Dock } from "./dock.tsx";
import type { EngineClient } from "./engine_client.ts";
import { FleetTable } from "./fleet_table.tsx";
import { Inputs } from "./inputs.tsx";
import { CapPlot, UsersPlot, WattsPlot } from "./plots.tsx";
import { Provenance } from "./provenance.tsx";
import { type DroppedTrace, SimulationSection } from "./simulation/section.tsx";
import { Summary } from "./summary.tsx";
import { TakeAway } from "./take_away.tsx";
import { Notice, TopBar } from "./top_bar.tsx";
import { useFileDrop } from "./file_drop.ts";

/** What could not be asked: a budget that does not add up, and the like. */
interface Asking {
  readonly question: PlanQuestion | undefined;
  readonly sizing: Sizing | undefined;
  readonly line: string | undefined;
  readonly error: ToldError | undefined;
}

/** Shortest time between two writes of the link: Safari refuses more than 100 in 30 s. */
const LINK_EVERY_MS = 350;

/** A file that is no trace is taken for a pack by its name. */
const PACK_NAME = /\.(?:wkpack|pack|bin)$/i;

/** The page. */
export function App({ engine }: { readonly engine: EngineClient }) {
  const [link] = useState(() => readLink(location.hash));
  const [state, setState] = useState<PlanState>(link.state);
  const [linkProblems, setLinkProblems] = useState(link.problems);
  const [answer, setAnswer] = useState<Answer>();
  const [failure, setFailure] = useState<ToldError>();
  const [isBusy, setBusy] = useState(true);
  const [notice, setNotice] = useState<
    { readonly text: string; readonly retry?: () => void }
  >();
  const [packs, setPacks] = useState<readonly StoredPack[]>([]);
  const [packBusy, setPackBusy] = useState<string>();
  const [packProblem, setPackProblem] = useState<ToldError>();
  const [trace, setTrace] = useState<DroppedTrace>();
  /** The answer in work; the one that is shown stays until its first part is there. */
  const next = useRef<Answer>(null);
  const asking = ask(state, maxWattsOf(state, packs));

  const change = (part: Partial<PlanState>) =>
    setState((now) => ({ ...now, ...part }));
  useEffect(() => {
    engine.listener = {
      answer(_, part) {
        if (!next.current) return;
        next.current = withPart(next.current, part);
        setAnswer(next.current);
        setFailure(undefined);
        if (part.part === "best") performance.mark("answered");
        if (part.part === "done") setBusy(false);
      },
      failed(_, error) {
        setFailure(error);
        setBusy(false);
      },
      died(again) {
        setNotice(
          again
            ? {
              text:
                "The search engine stopped and was started again; the question was asked anew.",
            }
            : {
              text:
                "The search engine keeps stopping. Other tabs may need the memory.",
              retry: () => {
                setNotice(undefined);
                engine.restart();
              },
            },
        );
      },
    };
  }, []);

  const asked = asking.question && JSON.stringify(asking.question);
  useEffect(() => {
    const { question, error } = asking;
    if (!question) {
      engine.forget();
      setFailure(error);
      return setBusy(false);
    }
    next.current = { question };
    setBusy(true);
    engine.ask(question);
  }, [asked ?? asking.error?.message, packs]);

  /** When the link was written last. */
  const linkedAtMs = useRef(-Infinity);
  // At once, so that a reload right after a change keeps it; while dragging not more often than browsers allow.
  useEffect(() => {
    const write = () => {
      linkedAtMs.current = performance.now();
      history.replaceState(null, "", `#${linkOf(state)}`);
    };
    const waitMs = linkedAtMs.current + LINK_EVERY_MS - performance.now();
    if (waitMs <= 0) return write();
    const timer = setTimeout(write, waitMs);
    return () => clearTimeout(timer);
  }, [state]);

  useEffect(() => {
    const read = () => {
      const fresh = readLink(location.hash);
      setState(fresh.state);
      setLinkProblems(fresh.problems);
    };
    addEventListener("hashchange", read);
    refreshPacks();
    return () => removeEventListener("hashchange", read);
  }, []);

  async function refreshPacks() {
    try {
      const kept = await listPacks();
      if (kept.length > 0 || packs.length > 0) setPacks(kept);
    } catch (error) {
      setNotice({
        text: `This browser keeps no packs: ${
          error instanceof Error ? error.message : String(error)
        }`,
      });
    }
  }

  async function addPacks(files: readonly File[]) {
    setPackProblem(undefined);
    for (const file of files) {
      setPackBusy(`Checking ${file.name} …`);
      try {
        const pack = await engine.keepPack(file);
        if (pack.limitWatts !== undefined) continue;
        change({
          system: pack.system,
          backend: pack.backend,
          version: pack.version,
        });
      } catch (error) {
        setPackProblem(error as ToldError);
      }
    }
    setPackBusy(undefined);
    await refreshPacks();
  }

  async function remove(pack: StoredPack) {
    await removePack(pack.key);
    engine.packsChanged();
    if (pack.version === state.version && pack.system === state.system) {
      change({ version: undefined });
    }
    setPacks(await listPacks());
  }

  async function readTrace(file: File) {
    setNotice(undefined);
    try {
      const shape = await engine.readTrace(file);
      setTrace({ shape, file });
      change({
        isl: shape.meanIsl,
        osl: shape.meanOsl,
        prefix: 0,
        simulationTraffic: "trace",
      });
    } catch (error) {
      const { message, remedy } = error as ToldError;
      setNotice({ text: `${message} ${remedy ?? ""}` });
    }
  }

  const dragged = useFileDrop((files) => {
    const dropped = files.filter(({ name }) => PACK_NAME.test(name));
    if (dropped.length > 0) addPacks(dropped);
    for (const file of files) if (!PACK_NAME.test(file.name)) readTrace(file);
  });

  const none = failure !== undefined ||
    answer?.best !== undefined && answer.best.result.best === undefined;
  return (
    <>
      <a
        class="skip"
        href="#answer"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("answer")?.focus();
        }}
      >
        To the answer
      </a>
      <TopBar page="planner" isBusy={isBusy} />
      <div class="columns">
        <aside class="side">
          <Inputs
            state={state}
            change={change}
            packs={packs}
            maxWatts={maxWattsOf(state, packs)}
            sizing={asking.sizing}
            trace={trace?.shape}
            readTrace={readTrace}
            forgetTrace={() => {
              setTrace(undefined);
              change({ simulationTraffic: "day" });
            }}
          />
        </aside>
        <main
          id="answer"
          tabIndex={-1}
          class={isBusy ? "busy" : ""}
          aria-busy={isBusy}
        >
          {linkProblems.length > 0 && (
            <div class="link-problems" role="alert">
              <div>
                <strong>Not everything in this link could be used.</strong>
                <ul>
                  {linkProblems.slice(0, 6).map((problem) => (
                    <li key={problem}>{problem}</li>
                  ))}
                </ul>
              </div>
              <button
                type="button"
                class="quiet"
                onClick={() => setLinkProblems([])}
              >
                Dismiss
              </button>
            </div>
          )}
          <Summary answer={answer} error={failure} change={change} />
          <FleetTable answer={none ? undefined : answer} />
          <div class="grid">
            <Binding answer={none ? undefined : answer} />
            <TakeAway
              answer={failure ? undefined : answer}
              line={asking.line}
            />
            <WattsPlot answer={none ? undefined : answer} none={none} />
            <UsersPlot answer={none ? undefined : answer} none={none} />
            <CapPlot
              answer={none ? undefined : answer}
              none={none}
              side="first"
            />
            <CapPlot
              answer={none ? undefined : answer}
              none={none}
              side="second"
            />
          </div>
          <Comparison answer={failure ? undefined : answer} />
          <SimulationSection
            answer={none ? undefined : answer}
            state={state}
            change={change}
            trace={trace}
          />
          <Provenance answer={answer} />
          <DataPanel
            packs={packs}
            busy={packBusy}
            problem={packProblem}
            add={addPacks}
            remove={remove}
            use={({ system, backend, version }) =>
              change({ system, backend, version })}
          />
        </main>
      </div>
      <Dock answer={failure ? undefined : answer} failed={none} />
      <Notice notice={notice} dismiss={() => setNotice(undefined)} />
      {dragged && (
        <div class="drop-veil" aria-hidden="true">
          Drop packs (.wkpack) or a trace file
        </div>
      )}
    </>
  );
}

/** Most that one GPU of the state's system draws. */
function maxWattsOf(
  { system }: PlanState,
  packs: readonly StoredPack[],
): number {
  const spec = packs.find((pack) => pack.system === system)?.systemSpec ??
    BUILTIN_SYSTEMS[system];
  return gpuMaxWatts(system) ?? (spec ? capRangeOf(spec).maxWatts : 700);
}

function ask(state: PlanState, maxWatts: number): Asking {
  try {
    return {
      question: questionOf(state, maxWatts),
      sizing: rackSizing(state, maxWatts),
      line: sweepLine(state, maxWatts),
      error: undefined,
    };
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    const { code, number, message, remedy, where } = error;
    return {
      question: undefined,
      sizing: undefined,
      line: undefined,
      error: { code, number, message, remedy, where },
    };
  }
}
