/** What a pod template says about GPUs, caps, nodes and the model (P90). Pure. @module */

import { POWER_LIMIT_ANNOTATION } from "../../../cluster/mod.ts";
import { gpuRequest } from "./gpu_request.ts";
import { listAt, textAt, textsAt } from "./object_fields.ts";

/** The facts of a template. */
export interface TemplateFacts {
  readonly gpus: number;
  readonly partialGpus: readonly string[];
  readonly claims: boolean;
  readonly authoredCapWatts: number | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly modelName: string | undefined;
  /** From `--endpoint namespace.component.endpoint`. */
  readonly runtimeComponent: string | undefined;
  readonly problems: readonly string[];
}

/** Reads `{metadata, spec}` of a template. */
export function templateFacts(template: unknown): TemplateFacts {
  const spec = (template as { spec?: unknown } | undefined)?.spec;
  const request = gpuRequest(spec);
  const annotation = textsAt(template, "metadata", "annotations")[
    POWER_LIMIT_ANNOTATION
  ];
  const problems = [...request.problems];
  const authoredCapWatts = annotation === undefined
    ? undefined
    : authoredCap(annotation);
  if (annotation !== undefined && authoredCapWatts === undefined) {
    problems.push(
      `The annotation ${POWER_LIMIT_ANNOTATION} is "${
        annotation.slice(0, 40)
      }", and whole watts above 0 are wanted.`,
    );
  }
  const args = argumentsOf(spec);
  return {
    gpus: request.gpus,
    partialGpus: request.partial,
    claims: request.claims,
    authoredCapWatts,
    nodeSelector: textsAt(spec, "nodeSelector"),
    modelName: option(args, "--served-model-name") ??
      option(args, "--model-name") ?? option(args, "--model"),
    runtimeComponent: endpointComponent(option(args, "--endpoint")),
    problems,
  };
}

/** A cap as people write it on a template: blanks around it are forgiven (P90). */
export function authoredCap(value: unknown): number | undefined {
  const text = typeof value === "number" ? `${value}` : value;
  if (typeof text !== "string") return undefined;
  const match = /^\s*0*([1-9]\d{0,5})\s*$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Command and arguments of the container named `main`, else of the first. */
function argumentsOf(spec: unknown): readonly string[] {
  const containers = listAt(spec, "containers");
  const main = containers.find((one) => textAt(one, "name") === "main") ??
    containers[0];
  return [...listAt(main, "command"), ...listAt(main, "args")].flatMap((one) =>
    // A shell's `-c` has the whole line in one argument.
    typeof one === "string" ? one.slice(0, 65_536).split(/\s+/) : []
  );
}

function option(args: readonly string[], name: string): string | undefined {
  for (const [index, word] of args.entries()) {
    if (word === name) {
      const next = args[index + 1];
      return next === undefined || next.startsWith("--") ? undefined : next;
    }
    if (word.startsWith(`${name}=`)) {
      return word.slice(name.length + 1) || undefined;
    }
  }
  return undefined;
}

/** `dyn://namespace.component.endpoint`, the scheme may be missing. */
function endpointComponent(endpoint: string | undefined): string | undefined {
  const parts = endpoint?.replace(/^dyn:\/\//, "").split(".") ?? [];
  return parts.length === 3 && parts.every((part) => part !== "")
    ? parts[1]
    : undefined;
}
