/** The API's description, ready to hold answers against it. @module */

import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";

const FILE = new URL("../../../docs/planner.openapi.yaml", import.meta.url);

/** The description as written. */
export const API = parse(await Deno.readTextFile(FILE));

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(API, "api");

/** Problems of an answer; empty: it is as described. */
export function problemsOf(
  answer: {
    readonly path: string;
    readonly method: string;
    readonly status: number;
    readonly contentType: string;
    readonly body: unknown;
  },
): string[] {
  const operation = API.paths[answer.path]?.[answer.method];
  if (!operation) return [`${answer.method} ${answer.path} is not described`];
  let response = operation.responses[String(answer.status)];
  if (!response) return [`status ${answer.status} is not described`];
  const reference: unknown = response.$ref;
  if (typeof reference === "string") {
    response = API.components.responses[reference.split("/").at(-1) ?? ""];
  }
  const type = answer.contentType.split(";")[0] ?? "";
  const media = response.content?.[type];
  if (!media) return [`content type "${type}" is not described`];
  const pointer = pointerTo(media.schema);
  const validate = pointer === undefined
    ? ajv.compile({ ...media.schema, components: API.components })
    : ajv.getSchema(`api${pointer}`);
  if (!validate) return [`no schema at ${pointer}`];
  return validate(answer.body)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`
    );
}

/** Properties that a schema of the description names. */
export function describedProperties(schema: string): string[] {
  return Object.keys(API.components.schemas[schema].properties);
}

function pointerTo(schema: { readonly $ref?: unknown }): string | undefined {
  return typeof schema.$ref === "string" ? schema.$ref : undefined;
}
