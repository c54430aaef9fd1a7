/**
 * `data fit --tables` (R53): fits the power model on every pack with measured power and judges it the way it is used:
 * (a) a fifth of the rows or of the shapes of a pack unknown, (b) a whole system unknown, (c) two backends of a system
 * against each other.
 * @module
 */

import {
  type FamilyModel,
  type FittedOn,
  MEASURED_FAMILIES,
  type MeasuredFamily,
  type PowerInterval,
  type PowerModel,
} from "../data/power_model.ts";
import type { LoadedPack } from "../host.ts";
import {
  type Disagreement,
  disagreementOf,
  scatterOf,
} from "./disagreement.ts";
import {
  errorOf,
  fitCoefficients,
  type FitError,
  fitFamily,
  FOLDS,
  modelledWatts,
  rowsOf,
} from "./family_fit.ts";
import { type HeldOut, holdOut } from "./hold_out.ts";
import { type PackSamples, samplesOf } from "./samples.ts";
import type { StepDraw } from "./steps.ts";
import {
  drawsOf,
  type ModelSource,
  type StepError,
  stepError,
} from "./step_error.ts";

/** What a fit stands on. */
export interface FitInput {
  readonly module: WebAssembly.Module;
  /** Packs with measured power, one of each system and backend. */
  readonly packs: readonly LoadedPack[];
  readonly models: ModelSource;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** One judgement over whole steps. */
export interface StepJudgement {
  /** `h200_sxm vllm 0.22.0`. */
  readonly pack: string;
  /** What of its measured power was taken away. */
  readonly heldOut: string;
  /** What the model was fitted on. */
  readonly fittedOn: string;
  readonly all: StepError;
  readonly dense: StepError;
  readonly moe: StepError;
  /** Only the steps that something held out is part of. */
  readonly touched: StepError;
}

/** A figure a family. */
export type ByFamily<T> = Readonly<Record<MeasuredFamily, T>>;

/** Family errors of a pack whose system the fit did not see. */
export interface TransferError {
  readonly pack: string;
  readonly fittedOn: string;
  readonly families: ByFamily<FitError>;
}

/** Everything that `data fit --tables` finds. */
export interface PowerFit {
  readonly model: PowerModel;
  /** Packs that were fitted on. */
  readonly packs: readonly string[];
  /** Held-out error by family (five folds of shapes). */
  readonly families: Readonly<Record<FittedOn, ByFamily<FitError>>>;
  readonly steps: readonly StepJudgement[];
  readonly transfer: readonly TransferError[];
  readonly disagreement: readonly {
    readonly first: string;
    readonly second: string;
    readonly families: ByFamily<Disagreement>;
  }[];
}

const nameOf = (
  { identity }: Pick<LoadedPack["directory"], "identity">,
) => `${identity.system} ${identity.backend} ${identity.version}`;

function byFamily<T>(make: (family: MeasuredFamily) => T): ByFamily<T> {
  return {
    gemm: make("gemm"),
    contextAttention: make("contextAttention"),
    generationAttention: make("generationAttention"),
    moe: make("moe"),
    contextLatent: make("contextLatent"),
    generationLatent: make("generationLatent"),
    memory: make("memory"),
  };
}

/** Tells how far the work is and stops when asked to. */
class Steps {
  #done = 0;
  readonly #total: number;
  readonly #input: FitInput;

  constructor(total: number, input: FitInput) {
    this.#total = total;
    this.#input = input;
  }

  async next(label: string): Promise<void> {
    this.#input.onProgress?.(this.#done++, this.#total, label);
    // Lets the signal and the progress bar have their turn.
    await new Promise((resolve) => setTimeout(resolve));
    this.#input.signal.throwIfAborted();
  }
}

/** Fits and judges. Deterministic: the same packs give the same figures. */
export async function fitPower(input: FitInput): Promise<PowerFit> {
  const { module, packs } = input;
  const steps = new Steps(
    packs.length * (2 * FOLDS + 3) + 3 * MEASURED_FAMILIES.length,
    input,
  );
  const samples: PackSamples[] = [];
  for (const pack of packs) {
    await steps.next(`reading ${nameOf(pack.directory)}`);
    samples.push(samplesOf(module, pack));
  }
  const fitted = {
    any: await fitAll(samples, "any", steps),
    vllm: await fitAll(samples, "vllm", steps),
    trtllm: await fitAll(samples, "trtllm", steps),
  };
  const disagreement = pairsOf(samples).map(([first, second]) => ({
    first: sampleName(first),
    second: sampleName(second),
    families: byFamily((family) => disagreementOf(first, second, family)),
  }));
  const model: PowerModel = {
    families: {
      any: byFamily((family) => fitted.any[family].model),
      vllm: byFamily((family) => fitted.vllm[family].model),
      trtllm: byFamily((family) => fitted.trtllm[family].model),
    },
    measured: byFamily((family) => rounded(scatterOf(samples, family))),
    borrowed: byFamily((family) =>
      widest(disagreement.map(({ families }) => families[family]))
    ),
  };
  const judged = await judge(input, samples, { model, steps });
  return {
    model,
    packs: packs.map(({ directory }) => nameOf(directory)),
    families: {
      any: byFamily((family) => fitted.any[family].error),
      vllm: byFamily((family) => fitted.vllm[family].error),
      trtllm: byFamily((family) => fitted.trtllm[family].error),
    },
    disagreement,
    ...judged,
  };
}

const sampleName = ({ system, backend, version }: PackSamples) =>
  `${system.name} ${backend} ${version}`;

/** Packs of one system, pairwise. */
function pairsOf(
  samples: readonly PackSamples[],
): (readonly [PackSamples, PackSamples])[] {
  return samples.flatMap((first, index) =>
    samples.slice(index + 1)
      .filter(({ system }) => system.name === first.system.name)
      .map((second) => [first, second] as const)
  );
}

/** Packs of a backend; all of them where it has none. */
function ofBackend(
  samples: readonly PackSamples[],
  fittedOn: FittedOn,
): readonly PackSamples[] {
  const own = samples.filter(({ backend }) => backend === fittedOn);
  return fittedOn === "any" || own.length === 0 ? samples : own;
}

async function fitAll(
  samples: readonly PackSamples[],
  fittedOn: FittedOn,
  steps: Steps,
): Promise<ByFamily<ReturnType<typeof fitFamily>>> {
  const found: Partial<Record<MeasuredFamily, ReturnType<typeof fitFamily>>> =
    {};
  for (const family of MEASURED_FAMILIES) {
    await steps.next(`fitting ${family}, ${fittedOn}`);
    const { model, error } = fitFamily(
      rowsOf(ofBackend(samples, fittedOn), family),
    );
    found[family] = { model: tidy(model), error };
  }
  return byFamily((family) => {
    const fit = found[family];
    if (fit === undefined) throw new Error(family);
    return fit;
  });
}

/** Digits beyond which nothing changes. */
const tidy = ({ coefficients, interval }: FamilyModel): FamilyModel => ({
  coefficients: coefficients.map((value) => Number(value.toPrecision(5))),
  interval: rounded(interval),
});

function rounded({ low, high }: PowerInterval): PowerInterval {
  return { low: Number(low.toFixed(3)), high: Number(high.toFixed(3)) };
}

function widest(found: readonly Disagreement[]): PowerInterval {
  return rounded({
    low: Math.min(1, ...found.map(({ interval }) => interval.low)),
    high: Math.max(1, ...found.map(({ interval }) => interval.high)),
  });
}

const EXACT: PowerInterval = { low: 1, high: 1 };

/** A model of one fit for all backends; its intervals do not matter to central draws. */
function plainModel(
  samples: readonly PackSamples[],
  fold?: number,
): PowerModel {
  const each = byFamily((family): FamilyModel => {
    const rows = rowsOf(samples, family);
    return {
      coefficients: fitCoefficients(
        rows,
        (row) => fold === undefined || rows.fold[row] !== fold,
      ),
      interval: EXACT,
    };
  });
  const exact = byFamily(() => EXACT);
  return {
    families: { any: each, vllm: each, trtllm: each },
    measured: exact,
    borrowed: exact,
  };
}

async function judge(
  { module, packs, models }: FitInput,
  samples: readonly PackSamples[],
  { model, steps }: { readonly model: PowerModel; readonly steps: Steps },
): Promise<Pick<PowerFit, "steps" | "transfer">> {
  const judged: StepJudgement[] = [];
  const transfer: {
    -readonly [K in keyof PowerFit["transfer"][number]]:
      PowerFit["transfer"][number][K];
  }[] = [];
  for (const [index, pack] of packs.entries()) {
    const own = samples[index];
    if (own === undefined) continue;
    const name = sampleName(own);
    const like = samples.filter(({ backend }) => backend === own.backend);
    await steps.next(`steps of ${name}`);
    const all = await drawsOf(module, models, { pack, model });
    const byFold: Record<"rows" | "shapes", (readonly StepDraw[])[]> = {
      rows: [],
      shapes: [],
    };
    for (let fold = 0; fold < FOLDS; fold++) {
      const folded = plainModel(like, fold);
      for (const what of ["rows", "shapes"] as const) {
        await steps.next(`${name} without a fifth of its ${what}`);
        byFold[what].push(
          await drawsOf(module, models, {
            pack: holdOut(pack, what, fold),
            model: folded,
          }),
        );
      }
    }
    const fittedOn = like.map(sampleName).join(", ");
    for (const what of ["rows", "shapes"] as const) {
      judged.push(judgement(name, what, fittedOn, byFold[what], all));
    }
    await steps.next(`${name} from other systems`);
    const elsewhere = like.filter(({ system }) =>
      system.name !== own.system.name
    );
    if (elsewhere.length === 0) continue;
    const foreign = plainModel(elsewhere);
    const draws = await drawsOf(module, models, {
      pack: holdOut(pack, "all"),
      model: foreign,
    });
    const from = elsewhere.map(sampleName).join(", ");
    judged.push(judgement(name, "all", from, [draws], all));
    transfer.push({
      pack: name,
      fittedOn: from,
      families: byFamily((family) => {
        const rows = rowsOf([own], family);
        const { coefficients } = foreign.families.any[family];
        return errorOf(
          rows,
          (row) => modelledWatts(coefficients, rows, row),
          () => true,
        );
      }),
    });
  }
  return { steps: judged, transfer };
}

function judgement(
  pack: string,
  heldOut: HeldOut,
  fittedOn: string,
  draws: readonly (readonly StepDraw[])[],
  all: readonly StepDraw[],
): StepJudgement {
  return {
    pack,
    heldOut,
    fittedOn,
    all: stepError(draws, all),
    dense: stepError(draws, all, "dense"),
    moe: stepError(draws, all, "moe"),
    touched: stepError(draws, all, "touched"),
  };
}
