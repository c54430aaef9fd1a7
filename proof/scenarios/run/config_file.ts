/** The planner's file as it changes in a scenario: each change is judged as the product judges it (R2). @module */

import {
  checkPlannerConfig,
  type ConfigChange,
  type ConfigWatch,
  judgeChange,
  type PlannerConfig,
} from "../../../planner/mod.ts";
import type { ScenarioPlanner } from "../schema/mod.ts";

type RealChange = Exclude<ConfigChange, { readonly kind: "same" }>;

/** A file that is written by events and watched by processes. */
export class ConfigFile {
  #values: Readonly<Record<string, unknown>>;
  /** The last content that was valid. */
  #valid: Pick<ScenarioPlanner, "config" | "fields">;
  readonly #watchers = new Set<(text: string) => void>();

  constructor(planner: ScenarioPlanner) {
    this.#values = planner.values;
    this.#valid = planner;
  }

  /** What a process that starts now reads. */
  current(): { readonly config: PlannerConfig } {
    return this.#valid;
  }

  get fields(): ScenarioPlanner["fields"] {
    return this.#valid.fields;
  }

  /** Writes fields into it, right or wrong. */
  set(values: Readonly<Record<string, unknown>>): void {
    const next = { ...this.#values, ...values };
    const text = JSON.stringify(next);
    const { config, fields } = checkPlannerConfig({ text, name: "planner" });
    if (config && fields) {
      this.#valid = { config, fields };
      this.#values = next;
    }
    for (const tell of [...this.#watchers]) tell(text);
  }

  /** One process's watch. Told from now on, also before anybody asks for changes. */
  watch(ended: AbortSignal): ConfigWatch {
    let inForce = this.#valid.fields;
    const waiting: RealChange[] = [];
    let wake = () => {};
    const tell = (text: string) => {
      const judged = judgeChange(inForce, { text, name: "planner" });
      inForce = judged.inForce;
      if (judged.change.kind !== "same") waiting.push(judged.change);
      wake();
    };
    this.#watchers.add(tell);
    ended.addEventListener("abort", () => this.#watchers.delete(tell), {
      once: true,
    });
    return {
      async *changes(signal) {
        while (!signal.aborted) {
          const next = waiting.shift();
          if (next) {
            yield next;
            continue;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
        }
      },
    };
  }
}
