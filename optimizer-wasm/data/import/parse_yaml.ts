/** Reading a yaml file of a source against a schema. @module */

import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { invalidFile } from "./source_tree.ts";

/** What a yaml file is read with. */
export interface YamlFile<T> {
  readonly text: string;
  /** The file's name, for errors. */
  readonly where: string;
  readonly schema: z.ZodType<T>;
  /** Take every scalar as the text it is written as, so that a version `1.10` stays one. */
  readonly scalarsAsText?: boolean;
}

/**
 * Parses and checks a yaml file.
 *
 * @throws {WattkeeperError} `invalid_file` with line or field
 */
export function parseYaml<T>(
  { text, where, schema, scalarsAsText = false }: YamlFile<T>,
): T {
  const lines = new LineCounter();
  let document;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      schema: scalarsAsText ? "failsafe" : "core",
    });
  } catch (error) {
    // A file nested without end overflows the parser's stack.
    throw invalidFile(where, "It is not usable yaml.", error);
  }
  const [problem] = document.errors;
  if (problem) {
    const { line } = lines.linePos(problem.pos[0]);
    throw invalidFile(
      where,
      `It is not yaml, line ${line}: ${problem.message.split("\n")[0]}`,
      problem,
    );
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalidFile(where, "It is not usable yaml.", error);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidFile(
    where,
    `Field "${issue?.path.join(".")}": ${issue?.message}.`,
    parsed.error,
  );
}
